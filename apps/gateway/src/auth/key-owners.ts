import type { Answer } from '@decent-cloud/messages';
import { namesOfKeys, resolveKey } from '@decent-cloud/messages/requests';
import type { Bus } from '@decent-cloud/runtime';
import { LRUCache } from 'lru-cache';

export type KeyOwner = Answer<typeof resolveKey>;

const KEPT = 20_000;
const KEPT_MS = 30_000;

/**
 * Whose key is this? Active and disabled keys are remembered shortly and forgotten when accounts say that something
 * changed; a key without account may get one at any time and is asked for anew.
 */
export class KeyOwners {
  private readonly known = new LRUCache<string, KeyOwner>({ max: KEPT, ttl: KEPT_MS });
  private readonly asking = new Map<string, Promise<KeyOwner>>();
  /** Raised by every change: an answer that was on its way before is used, but not kept. */
  private changes = 0;

  constructor(private readonly bus: Bus) {}

  /** @throws Refusal UNAVAILABLE when accounts do not answer and the key is not known */
  async of(publicKey: string, requestId: string): Promise<KeyOwner> {
    const known = this.known.get(publicKey);
    if (known) return known;
    const asked = this.asking.get(publicKey);
    if (asked) return asked;
    const asking = this.ask(publicKey, requestId).finally(() => {
      if (this.asking.get(publicKey) === asking) this.asking.delete(publicKey);
    });
    this.asking.set(publicKey, asking);
    return asking;
  }

  /** The name that texts show, or undefined. */
  async usernameOf(publicKey: string, requestId: string): Promise<string | undefined> {
    const { names } = await this.bus.ask(namesOfKeys, { body: { publicKeys: [publicKey] } }, { requestId });
    return names[publicKey];
  }

  forgetKey(publicKey: string): void {
    this.changes++;
    this.asking.delete(publicKey);
    this.known.delete(publicKey);
  }

  forgetAccount(accountId: string): void {
    this.changes++;
    this.asking.clear();
    for (const [key, owner] of this.known.entries()) {
      if (owner.accountId === accountId) this.known.delete(key);
    }
  }

  /** What was said while nobody listened may be wrong. */
  forgetAll(): void {
    this.changes++;
    this.asking.clear();
    this.known.clear();
  }

  private async ask(publicKey: string, requestId: string): Promise<KeyOwner> {
    const changesBefore = this.changes;
    const owner = await this.bus.ask(resolveKey, { body: { publicKey } }, { requestId });
    if (owner.status !== 'unknown' && this.changes === changesBefore) this.known.set(publicKey, owner);
    return owner;
  }
}
