import type { Command } from 'commander';
import { type Run, verb } from '../verb.ts';

export function addDelete(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'delete <name>',
    summary: 'delete a key from this machine for good',
    example: 'identity delete alice --yes',
    async run(session, _options, [name = '']) {
      await session.store.load(name);
      await session.confirm(`delete the key "${name}"? Nobody can bring it back`);
      await session.store.delete(name);
      return { json: { name, deleted: true }, text: `Deleted ${name}\n` };
    },
  });
}
