import { requests } from '@decent-cloud/messages';
import { Bus, Directory, LOGGER, type Logger, type User } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type ContractJson, contractJson } from './contract.view.ts';
import type { Contract } from './domain/contract.ts';

/** What this service knows of accounts, from the service that keeps them. */
@Injectable()
export class AccountDirectory {
  private readonly names: Directory<string, string>;
  private readonly accounts: Directory<string, string>;

  constructor(bus: Bus, @Inject(LOGGER) logger: Logger) {
    this.names = new Directory({
      name: 'names of contracts',
      ask: async (publicKeys, timeoutMs) => {
        const { names } = await bus.ask(requests.namesOfKeys, { body: { publicKeys } }, { timeoutMs });
        return new Map(Object.entries(names));
      },
      keysAtOnce: 400,
      timeoutMs: 1_000,
      mostKept: 20_000,
      keptMs: 60_000,
      unknownKeptMs: 60_000,
      whenSilent: {
        staleForMs: 0,
        note: (error) => logger.warn({ error }, 'contracts are shown without names'),
      },
    });
    this.accounts = new Directory({
      name: 'accounts of keys',
      ask: async ([publicKey = ''], timeoutMs) => {
        const { accountId } = await bus.ask(requests.resolveKey, { body: { publicKey } }, { timeoutMs });
        return new Map(accountId === undefined ? [] : [[publicKey, accountId]]);
      },
      keysAtOnce: 1,
      timeoutMs: 5_000,
      mostKept: 20_000,
      // A key that has an account keeps it.
      keptMs: 300_000,
      unknownKeptMs: 0,
      whenSilent: 'throw',
    });
  }

  /** Contracts as a reader sees them, with the names of both parties. Names are an extra: without accounts they are left out. */
  async withNames(contracts: readonly Contract[], reader: User): Promise<ContractJson[]> {
    const parties = contracts.flatMap((contract) => [contract.tenantPublicKey, contract.providerPublicKey]);
    const names = await this.names.findAll(parties);
    return contracts.map((contract) => contractJson(contract, names, reader));
  }

  /** The account of a key, if it has one. @throws Refusal UNAVAILABLE */
  accountOf(publicKey: string): Promise<string | undefined> {
    return this.accounts.find(publicKey);
  }
}
