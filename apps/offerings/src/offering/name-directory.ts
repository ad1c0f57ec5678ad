import { Refusal } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const KEPT_MS = 30_000;
const KEPT_KEYS = 50_000;
const ASKED_AT_ONCE = 400;
const TIMEOUT_MS = 1_000;

/** Usernames of keys, at most half a minute old; none while the accounts service does not answer. */
@Injectable()
export class NameDirectory {
  private readonly known = new LRUCache<string, { readonly name: string | undefined }>({
    max: KEPT_KEYS,
    ttl: KEPT_MS,
  });

  constructor(private readonly bus: Bus) {}

  async namesOf(publicKeys: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    const missing: string[] = [];
    for (const key of new Set(publicKeys)) {
      const known = this.known.get(key);
      if (!known) missing.push(key);
      else if (known.name !== undefined) names.set(key, known.name);
    }
    for (let at = 0; at < missing.length; at += ASKED_AT_ONCE) {
      const keys = missing.slice(at, at + ASKED_AT_ONCE);
      const answer = await this.ask(keys);
      if (!answer) return names;
      for (const key of keys) {
        const name = answer[key];
        this.known.set(key, { name });
        if (name !== undefined) names.set(key, name);
      }
    }
    return names;
  }

  private async ask(publicKeys: string[]): Promise<Record<string, string> | undefined> {
    try {
      const input = { body: { publicKeys } };
      return (await this.bus.ask(requests.namesOfKeys, input, { timeoutMs: TIMEOUT_MS })).names;
    } catch (error) {
      if (error instanceof Refusal && error.code === 'UNAVAILABLE') return undefined;
      throw error;
    }
  }
}
