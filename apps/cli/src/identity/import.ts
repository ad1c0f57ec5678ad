import { readFile } from 'node:fs/promises';
import { keyPairFromSeed, seedFromPem, seedFromPhrase } from '@decent-cloud/identity';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import type { Session } from '../session.ts';
import { type Run, verb } from '../verb.ts';

export function addImport(parent: Command, run: Run): void {
  verb<{ name: string; secretKey: string }>(parent, run, {
    name: 'import',
    summary: 'keep a key that exists: 64 hex characters, PEM or a phrase',
    example: 'identity import --name alice --secret-key @private.pem',
    configure: (command) =>
      command
        .requiredOption('--name <name>', 'name on this machine')
        .requiredOption('--secret-key <key>', 'the key, @file to read it from a file, - from standard input'),
    async run(session, { name, secretKey }) {
      const keyPair = keyPairFromSeed(readSecret(await contentOf(session, secretKey)));
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

function readSecret(text: string): string | Uint8Array {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return trimmed;
  try {
    return trimmed.startsWith('-----') ? seedFromPem(trimmed) : seedFromPhrase(trimmed);
  } catch (cause) {
    // Without the cause's own words: they might quote a part of the key.
    throw new CliError(
      EXIT.usage,
      'SECRET_KEY_INVALID',
      'This is no secret key',
      'Give 64 hex characters, a PEM of an Ed25519 private key, or a phrase of 12 to 24 words.',
      { cause },
    );
  }
}
