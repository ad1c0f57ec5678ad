import type { Command } from 'commander';
import { table } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addList(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'list',
    summary: 'show the identities of this machine',
    example: 'identity list',
    async run({ store }) {
      const identities = (await store.list()).map(({ name, keyPair, createdAt }) => ({
        name,
        publicKey: keyPair.publicKeyHex,
        createdAt,
      }));
      const rows = identities.map(({ name, publicKey, createdAt }) => [name, publicKey, createdAt]);
      const empty = 'No identity yet. Make one: dc identity generate --name me';
      const total = rows.length > 0 ? `Total: ${rows.length}\n` : '';
      return { json: identities, text: table(['name', 'public key', 'created at'], rows, empty) + total };
    },
  });
}
