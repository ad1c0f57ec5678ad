import { type FactDeclaration, type FactInput, facts } from '@decent-cloud/messages';
import { eventually, sayFact } from '@decent-cloud/testing';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { RunningGateway } from '../../src/start-gateway.ts';
import { keyPair } from '../send.ts';
import { World } from '../world.ts';
import { Reader } from './event-reader.ts';

export const ALICE = 'a'.repeat(32);
export const BOB = 'b'.repeat(32);
export const alice = keyPair();
export const bob = keyPair();

/** A gateway that serves live updates, and the facts that are said to it. */
export class LiveStage {
  gateway!: RunningGateway;
  manager!: JetStreamManager;

  private constructor(readonly world: World) {}

  /** Begins anew for each test. */
  static forEachTest(): LiveStage {
    const stage = new LiveStage(World.forEachTest());
    beforeEach(() => stage.start());
    return stage;
  }

  private async start(): Promise<void> {
    this.world.owners.set(alice.publicKeyHex, { status: 'active', accountId: ALICE });
    this.world.owners.set(bob.publicKeyHex, { status: 'active', accountId: BOB });
    this.manager = await jetstreamManager(this.world.bus);
    this.gateway = await this.other({ SSE_STREAMS_PER_KEY: '3', SSE_KEEP_ALIVE_SECS: '1' });
  }

  /** Another gateway, once it serves live updates. */
  async other(env: Record<string, string> = {}): Promise<RunningGateway> {
    const other = await this.world.gateway(env);
    await ready(other);
    return other;
  }

  async say<F extends FactDeclaration>(fact: F, payload: FactInput<F>): Promise<number> {
    return (await sayFact(this.world.bus, fact, payload)).seq;
  }

  refund(accountId: string, amountE9s: bigint): Promise<number> {
    return this.say(facts.refundIssued, {
      contractId: 'c'.repeat(64),
      accountId,
      amountE9s,
      currency: 'USD',
      atNs: 1n,
    });
  }
}

/** Until live updates are served. */
const ready = (at: RunningGateway) =>
  eventually(async () => {
    const probe = await Reader.open(at.port, { as: keyPair() });
    probe.close();
    return probe.response.status === 200;
  });

/** What the stream shows of a refund. */
export const refundEvent = (amount: bigint) =>
  `refund-issued {"contract_id":"${'c'.repeat(64)}","amount_e9s":${amount},"currency":"USD"}`;
