import { readFile } from 'node:fs/promises';
import { keyPairFromSeed } from '@decent-cloud/identity';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import type { Session } from '../session.ts';
import { type Run, verb } from '../verb.ts';
import { readSecret } from './read-secret.ts';

export function addImport(parent: Command, run: Run): void {
  verb<{ name: string; secretKey: string; passphrase?: string }>(parent, run, {
    name: 'import',
    summary: 'keep a key that exists: 64 hex characters, a PEM or OpenSSH file, or a phrase',
    example: 'identity import --name alice --secret-key @private.pem',
    configure: (command) =>
      command
        .requiredOption('--name <name>', 'name on this machine')
        .requiredOption('--secret-key <key>', 'the key, @file to read it from a file, - from standard input')
        .option('--passphrase <text>', 'of an encrypted key; @file to read it from a file'),
    async run(session, { name, secretKey, passphrase }) {
      const opened =
        passphrase === undefined ? undefined : (await contentOf(session, passphrase)).replace(/\r?\n$/, '');
      const keyPair = keyPairFromSeed(readSecret(await contentOf(session, secretKey), opened));
      const path = await session.store.save(name, keyPair, new Date());
      return {
        json: { name, publicKey: keyPair.publicKeyHex, path },
        text: details({ Name: name, 'Public key': keyPair.publicKeyHex, File: path }),
      };
    },
  });
}

async function contentOf(session: Session, given: string): Promise<string> {
  if (given === '-') return await session.outside.stdin();
  if (!given.startsWith('@')) return given;
  return await readFile(given.slice(1), 'utf8').catch((cause) => {
    throw new CliError(EXIT.usage, 'FILE_UNREADABLE', `${given.slice(1)} cannot be read`, undefined, {
      cause,
    });
  });
}
