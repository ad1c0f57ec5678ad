import { generateKeyPair, generatePhrase, keyPairFromSeed, seedFromPhrase } from '@decent-cloud/identity';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addGenerate(parent: Command, run: Run): void {
  verb<{ name: string; phrase?: boolean }>(parent, run, {
    name: 'generate',
    summary: 'make a new key',
    example: 'identity generate --name alice --phrase',
    configure: (command) =>
      command
        .requiredOption('--name <name>', 'name on this machine')
        .option(
          '--phrase',
          'make it from 12 words, shown once: they bring the key back, here and in the browser',
        ),
    async run({ store }, { name, phrase }) {
      const words = phrase ? generatePhrase() : undefined;
      const keyPair = words ? keyPairFromSeed(seedFromPhrase(words)) : generateKeyPair();
      const path = await store.save(name, keyPair, new Date());
      return {
        json: { name, publicKey: keyPair.publicKeyHex, path, ...(words && { phrase: words }) },
        text:
          details({ Name: name, 'Public key': keyPair.publicKeyHex, File: path }) +
          (words ? `\nWrite these words down, they are shown only now:\n  ${words}\n` : ''),
      };
    },
  });
}
