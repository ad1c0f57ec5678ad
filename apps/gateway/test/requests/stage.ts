import type { RunningGateway } from '../../src/start-gateway.ts';
import { keyPair } from '../send.ts';
import { World } from '../world.ts';

export const ACCOUNT = 'a'.repeat(32);
export const alice = keyPair();
/** Another key of her account, which is an admin's. */
export const laptop = keyPair();
/** An agent of hers. */
export const agent = keyPair();

/** A gateway that knows these three. */
export class RequestStage {
  gateway!: RunningGateway;

  private constructor(readonly world: World) {}

  static forFile(): RequestStage {
    const stage = new RequestStage(World.forFile());
    beforeAll(() => stage.start());
    return stage;
  }

  private async start(): Promise<void> {
    this.world.owners.set(alice.publicKeyHex, { status: 'active', accountId: ACCOUNT });
    this.world.owners.set(laptop.publicKeyHex, { status: 'active', accountId: ACCOUNT, isAdmin: true });
    this.world.delegations.set(agent.publicKeyHex, {
      providerPublicKey: alice.publicKeyHex,
      permissions: ['heartbeat'],
    });
    this.gateway = await this.world.gateway({
      CORS_ORIGINS: 'https://friend.example',
      TRUSTED_PROXIES: '127.0.0.1',
    });
  }
}

/** Who called, as the played service was told and answers. */
export const callerOf = (data: unknown) => (data as { caller: unknown }).caller;
