import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  parseSshPublicKey,
  printSshPublicKeyLine,
  SshKeyError,
  type SshPublicKey,
} from '@decent-cloud/identity';
import { CliError, EXIT } from '../exit.ts';

export interface SshPublicKeyLine {
  readonly line: string;
  readonly parsed: SshPublicKey;
  /** Absolute; the file beside the given one that holds the private half by its name. */
  readonly privateFile: string | undefined;
}

/** A type, any blanks, and how the base64 of every SSH key begins. */
const LINE = /^\s*[a-z][a-z0-9@.-]*\s+AAAA/;

/** Reads a public key from a file, or takes the line that was given. @throws CliError */
export async function readSshPublicKey(given: string, home: string): Promise<SshPublicKeyLine> {
  const isLine = LINE.test(given);
  const path = resolve(given.startsWith('~/') ? join(home, given.slice(2)) : given);
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
    const parsed = parseSshPublicKey(text);
    return { line: printSshPublicKeyLine(parsed), parsed, privateFile: isLine ? undefined : besideOf(path) };
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new CliError(EXIT.usage, 'SSH_KEY_INVALID', error.message, undefined, { cause: error });
  }
}

function besideOf(path: string): string | undefined {
  const file = path.replace(/\.pub$/, '');
  return file !== path && existsSync(file) ? file : undefined;
}
