import type { Answer } from '@decent-cloud/messages';
import { namesOfKeys, resolveKey } from '@decent-cloud/messages/requests';
import { type Bus, Directory } from '@decent-cloud/runtime';

export type KeyOwner = Answer<typeof resolveKey>;

const UNKNOWN: KeyOwner = { status: 'unknown' };

/**
 * Whose key is this? Active and disabled keys are remembered shortly and forgotten when accounts say that something
 * changed; a key without account may get one at any time and is asked for anew.
 */
export class KeyOwners {
  private readonly owners: Directory<string, KeyOwner>;

  constructor(private readonly bus: Bus) {
    this.owners = new Directory({
      name: 'owners of keys',
      ask: async ([publicKey = ''], timeoutMs) => {
        const owner = await bus.ask(resolveKey, { body: { publicKey } }, { timeoutMs });
        return new Map(owner.status === 'unknown' ? [] : [[publicKey, owner]]);
      },
      keysAtOnce: 1,
      timeoutMs: 5_000,
      mostKept: 20_000,
      keptMs: 30_000,
      unknownKeptMs: 0,
      whenSilent: 'throw',
    });
  }

  /** @throws Refusal UNAVAILABLE when accounts do not answer and the key is not known */
  async of(publicKey: string): Promise<KeyOwner> {
    return (await this.owners.find(publicKey)) ?? UNKNOWN;
  }

  /** The name that texts show, or undefined. */
  async usernameOf(publicKey: string): Promise<string | undefined> {
    const { names } = await this.bus.ask(namesOfKeys, { body: { publicKeys: [publicKey] } });
    return names[publicKey];
  }

  forgetKey(publicKey: string): void {
    this.owners.forget(publicKey);
  }

  forgetAccount(accountId: string): void {
    this.owners.forgetThose((owner) => owner.accountId === accountId);
  }

  /** What was said while nobody listened may be wrong. */
  forgetAll(): void {
    this.owners.forgetAll();
  }
}
