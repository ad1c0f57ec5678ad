import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSshPublicKey } from '@decent-cloud/identity';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../failure.ts';

const GENERATE_TIMEOUT_MS = 30_000;
const usualKeyFile = (): string => join(homedir(), '.ssh/id_ed25519');

/** A public key line, given as itself or as a file. @throws CliError when it is none */
export function readPublicKeyLine(given: string): string {
  const line = given.includes(' ') ? given : readFile(given.replace(/^~(?=\/)/, homedir()));
  try {
    parseSshPublicKey(line);
  } catch (cause) {
    throw new CliError(EXIT.usage, (cause as Error).message, 'Give a .pub file or its one line.');
  }
  return line.trim();
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${(cause as Error).message}`);
  }
}

/** The person's own SSH key, or one made for this identity. */
export function usualPublicKeyLine(context: Context): string {
  const usual = `${usualKeyFile()}.pub`;
  if (existsSync(usual)) return readPublicKeyLine(usual);
  const { name, file } = {
    name: context.identity.name,
    file: context.store.sshKeyFile(context.identity.name),
  };
  if (!existsSync(`${file}.pub`)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    try {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `dc ${name}`, '-f', file], {
        timeout: GENERATE_TIMEOUT_MS,
        stdio: 'pipe',
      });
    } catch (cause) {
      throw new CliError(
        EXIT.configuration,
        `There is no SSH key at ${usual}, and ssh-keygen could not make one: ${(cause as Error).message}`,
        'Install OpenSSH, or give --ssh-pubkey.',
      );
    }
    context.print.note(`Made an SSH key for this identity: ${file}`);
  }
  return readPublicKeyLine(`${file}.pub`);
}

/** The private key file that belongs to a public key line; nothing when it is not where we would look. */
export function privateKeyFileOf(context: Context, publicKeyLine: string): string | undefined {
  const wanted = parseSshPublicKey(publicKeyLine).fingerprint;
  return [usualKeyFile(), context.store.sshKeyFile(context.identity.name)].find((file) => {
    if (!existsSync(file) || !existsSync(`${file}.pub`)) return false;
    return parseSshPublicKey(readFileSync(`${file}.pub`, 'utf8')).fingerprint === wanted;
  });
}
