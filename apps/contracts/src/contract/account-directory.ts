import { requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger, type User } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type ContractJson, contractJson } from './contract.view.ts';
import type { Contract } from './domain/contract.ts';

const NAMES_TIMEOUT_MS = 1_000;
const NAMES_AT_ONCE = 400;

/** What this service remembers of accounts, from the service that knows them. */
@Injectable()
export class AccountDirectory {
  /** The empty text stands for "has none". */
  private readonly names = new LRUCache<string, string>({ max: 20_000, ttl: 60_000 });
  private readonly accounts = new LRUCache<string, string>({ max: 20_000, ttl: 300_000 });

  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Contracts as a reader sees them, with the names of both parties. Names are an extra: without accounts they are left out. */
  async withNames(contracts: readonly Contract[], reader: User): Promise<ContractJson[]> {
    const keys = new Set(
      contracts.flatMap((contract) => [contract.requesterPubkey, contract.providerPubkey]),
    );
    await this.learn([...keys].filter((key) => !this.names.has(key)));
    const names = new Map<string, string>();
    for (const key of keys) {
      const name = this.names.get(key);
      if (name) names.set(key, name);
    }
    return contracts.map((contract) => contractJson(contract, names, reader));
  }

  private async learn(keys: readonly string[]): Promise<void> {
    try {
      for (let from = 0; from < keys.length; from += NAMES_AT_ONCE) {
        const publicKeys = keys.slice(from, from + NAMES_AT_ONCE);
        const { names } = await this.bus.ask(
          requests.namesOfKeys,
          { body: { publicKeys } },
          { timeoutMs: NAMES_TIMEOUT_MS },
        );
        for (const key of publicKeys) this.names.set(key, names[key] ?? '');
      }
    } catch (error) {
      this.logger.warn({ error }, 'contracts are shown without names');
    }
  }

  /** The account of a key, if it has one. */
  async accountOf(publicKey: string, requestId: string): Promise<string | undefined> {
    const known = this.accounts.get(publicKey);
    if (known !== undefined) return known;
    const { accountId } = await this.bus.ask(requests.resolveKey, { body: { publicKey } }, { requestId });
    if (accountId !== undefined) this.accounts.set(publicKey, accountId);
    return accountId;
  }
}
