import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSshPublicKey, SshKeyError, type SshPublicKey } from '@decent-cloud/identity';
import { CliError, EXIT } from '../exit.ts';

export interface SshPublicKeyLine {
  readonly line: string;
  readonly parsed: SshPublicKey;
}

/** Reads a public key from a file, or takes the line that was given. @throws CliError */
export async function readSshPublicKey(given: string, home: string): Promise<SshPublicKeyLine> {
  const isLine = /^(sk-)?(ssh|ecdsa)-[^/]* /.test(given.trim());
  const path = given.startsWith('~/') ? join(home, given.slice(2)) : given;
  const text = isLine
    ? given
    : await readFile(path, 'utf8').catch((cause) => {
        throw new CliError(
          EXIT.usage,
          'FILE_UNREADABLE',
          `${path} cannot be read`,
          'Give the file of a public SSH key, or its line in quotes.',
          { cause },
        );
      });
  try {
    return { line: text.trim(), parsed: parseSshPublicKey(text) };
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new CliError(EXIT.usage, 'SSH_KEY_INVALID', error.message, undefined, { cause: error });
  }
}
