import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { ConfigError } from './config-error.ts';

const HEX_SEED = /^[0-9a-fA-F]{64}$/;
const OTHERS_MAY = 0o077;

export interface SecretContext {
  /** Relative paths start here. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Is the secret itself in the file, and not only where it is kept? */
export function isInline(value: string): boolean {
  return !/^(file|env):/.test(value);
}

/** Follows `file:` and `env:`; anything else is the secret itself. @throws ConfigError */
export async function resolveSecret(name: string, value: string, context: SecretContext): Promise<string> {
  const [, kind, where] = /^(file|env):(.+)$/s.exec(value) ?? [];
  if (kind === 'env') {
    const found = context.env[where as string];
    if (!found) throw new ConfigError([`${name}: the environment has no ${where}`]);
    return found;
  }
  return kind === 'file' ? readSecretFile(name, expand(where as string, context)) : value;
}

/** 64 hex digits, a reference, or the path of a file that holds them. @throws ConfigError */
export async function resolveSeed(
  name: string,
  value: string,
  context: SecretContext,
): Promise<{ readonly seedHex: string; readonly file?: string }> {
  const isPath = isInline(value) && !HEX_SEED.test(value);
  const reference = isPath ? `file:${value}` : value;
  const seedHex = (await resolveSecret(name, reference, context)).trim().toLowerCase();
  if (!HEX_SEED.test(seedHex)) throw new ConfigError([`${name} does not give 64 hex digits`]);
  const file = /^file:(.+)$/.exec(reference)?.[1];
  return file === undefined ? { seedHex } : { seedHex, file: expand(file, context) };
}

/** @throws ConfigError when others may read the file */
export async function refuseOpenFile(name: string, file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & OTHERS_MAY) !== 0) {
    throw new ConfigError([
      `${name}: ${file} holds a secret and others may read it (mode ${(mode & 0o777).toString(8)}): chmod 600 ${file}`,
    ]);
  }
}

async function readSecretFile(name: string, file: string): Promise<string> {
  try {
    await refuseOpenFile(name, file);
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`${name}: ${file} cannot be read (${code})`], { cause: error });
  }
}

function expand(path: string, { folder, env }: SecretContext): string {
  if (path.startsWith('~/')) return join(env.HOME ?? homedir(), path.slice(2));
  return isAbsolute(path) ? path : resolve(folder, path);
}
