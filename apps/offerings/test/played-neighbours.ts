import { requests } from '@decent-cloud/messages';
import { answerRequests, type PlayedService } from '@decent-cloud/testing';
import { type RunningOfferings, type User, user } from './running-offerings.ts';

interface PlayedPool {
  poolId: string;
  location: string;
  online: boolean;
  provisionerType?: string;
}

/** Accounts and agents, as offerings meet them: who is called what, and has which pools. */
export class PlayedNeighbours {
  agents!: PlayedService;
  accounts!: PlayedService;
  readonly pools = new Map<string, PlayedPool[]>();
  readonly names = new Map<string, string>();

  private constructor(private readonly offerings: RunningOfferings) {}

  /** They answer in all tests of the file. */
  static forFile(offerings: RunningOfferings): PlayedNeighbours {
    const neighbours = new PlayedNeighbours(offerings);
    beforeAll(() => neighbours.start());
    return neighbours;
  }

  /** Also again, after they were stopped. */
  start(): void {
    const { connection } = this.offerings;
    this.agents = answerRequests(connection, requests.poolsOnline, ({ body: { providerPublicKeys } }) => ({
      pools: providerPublicKeys.flatMap((providerPublicKey) =>
        (this.pools.get(providerPublicKey) ?? []).map((pool) => ({
          providerPublicKey,
          poolName: `The ${pool.poolId}`,
          ...pool,
        })),
      ),
    }));
    this.accounts = answerRequests(connection, requests.namesOfKeys, ({ body: { publicKeys } }) => ({
      names: Object.fromEntries(
        publicKeys.flatMap((key) => {
          const name = this.names.get(key);
          return name === undefined ? [] : [[key, name]];
        }),
      ),
    }));
  }

  /** A provider with one pool in Europe, online. */
  readonly provider = (): User => {
    const owner = user();
    this.pools.set(owner.publicKey, [{ poolId: 'eu', location: 'europe', online: true }]);
    this.names.set(owner.publicKey, `name-${owner.publicKey.slice(0, 6)}`);
    return owner;
  };
}
