import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { seedToPem } from '@decent-cloud/identity';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addExport(parent: Command, run: Run): void {
  verb<{ output: string }>(parent, run, {
    name: 'export <name>',
    summary: 'write the secret key into a new PEM file (PKCS#8) that other programs read',
    example: 'identity export alice --output alice.pem',
    configure: (command) => command.requiredOption('--output <file>', 'a file that is not there yet'),
    async run({ store }, { output }, [name = '']) {
      const { keyPair } = await store.load(name);
      const path = resolve(output);
      await writeFile(path, seedToPem(keyPair.seed), { mode: 0o600, flag: 'wx' }).catch((cause) => {
        throw new CliError(
          EXIT.refused,
          'FILE_NOT_WRITTEN',
          `${path} cannot be made`,
          'Name a new file: none is overwritten.',
          { cause },
        );
      });
      return {
        json: { name, publicKey: keyPair.publicKeyHex, path },
        text: `${details({ Name: name, 'Public key': keyPair.publicKeyHex, File: path })}Whoever reads this file is you.\n`,
      };
    },
  });
}
