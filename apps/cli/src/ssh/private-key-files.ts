import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import type { SshPublicKeyLine } from './read-public-key.ts';

const MOST = 200;
const fileOf = (session: Session): string => join(session.store.directory, 'ssh', 'files.json');

type Files = Readonly<Record<string, string>>;

/** Where the private half of a public key lies that was given as a file; nothing of the key itself. */
export async function rememberPrivateKey(session: Session, key: SshPublicKeyLine): Promise<void> {
  const { privateFile, parsed } = key;
  if (privateFile === undefined) return;
  const known = await read(session);
  if (known[parsed.fingerprint] === privateFile) return;
  const files = Object.entries({ ...known, [parsed.fingerprint]: privateFile }).slice(-MOST);
  await mkdir(join(session.store.directory, 'ssh'), { recursive: true, mode: 0o700 });
  const file = fileOf(session);
  await writeFile(`${file}.new`, `${JSON.stringify(Object.fromEntries(files), null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The file that was given with this public key before, if it is still there. */
export async function rememberedPrivateKey(
  session: Session,
  fingerprint: string,
): Promise<string | undefined> {
  const file = (await read(session))[fingerprint];
  return file !== undefined && existsSync(file) ? file : undefined;
}

async function read(session: Session): Promise<Files> {
  try {
    return JSON.parse(await readFile(fileOf(session), 'utf8')) as Files;
  } catch {
    // Only a convenience: without it the usual files are looked at.
    return {};
  }
}
