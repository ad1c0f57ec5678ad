import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair, parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import type { Session } from '../session.ts';
import { printSshPrivateKey, printSshPublicKey } from './openssh-key.ts';
import { rememberedPrivateKey, rememberPrivateKey } from './private-key-files.ts';
import { readSshPublicKey } from './read-public-key.ts';

const OWN_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk'];

const keptFile = (session: Session, identity: string): string =>
  join(session.store.folderOf(identity), 'ssh', identity);

/** The public key to rent with: the given one, that of the user, else one of its own for the identity, made when needed. */
export async function chooseSshPublicKey(session: Session, given: string | undefined): Promise<string> {
  const { home } = session.outside;
  if (given !== undefined) {
    const key = await readSshPublicKey(given, home);
    await rememberPrivateKey(session, key);
    return key.line;
  }
  const usual = join(home, '.ssh', 'id_ed25519.pub');
  if (existsSync(usual)) return (await readSshPublicKey(usual, home)).line;
  const { name } = await session.identity();
  const file = keptFile(session, name);
  if (!existsSync(`${file}.pub`)) await makeKey(session, name, file);
  session.note(`Using the SSH key ${file}`);
  return (await readSshPublicKey(`${file}.pub`, home)).line;
}

async function makeKey(session: Session, name: string, file: string): Promise<void> {
  const folder = session.store.folderOf(name);
  for (const directory of [folder, join(folder, 'ssh')]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
  }
  const keyPair = generateKeyPair();
  const comment = `dc-${name}`;
  // The public half last: its presence says that both are there.
  await writeFile(file, printSshPrivateKey(keyPair, comment), { mode: 0o600, flush: true });
  await writeFile(`${file}.pub`, `${printSshPublicKey(keyPair, comment)}\n`, { mode: 0o600, flush: true });
  session.note(`You have no ~/.ssh/id_ed25519.pub: made an SSH key of its own for "${name}"`);
}

/** The private key file that belongs to a public key, when it is on this machine. */
export async function findSshPrivateKey(session: Session, publicKey: string): Promise<string | undefined> {
  const remembered = await rememberedFor(session, publicKey);
  if (remembered !== undefined) return remembered;
  const { name } = await session.identity();
  const candidates = [
    keptFile(session, name),
    ...OWN_KEYS.map((file) => join(session.outside.home, '.ssh', file)),
  ];
  for (const file of candidates) {
    if (!existsSync(file) || !existsSync(`${file}.pub`)) continue;
    if (isSameKey(await readFile(`${file}.pub`, 'utf8'), publicKey)) return file;
  }
  return undefined;
}

async function rememberedFor(session: Session, publicKey: string): Promise<string | undefined> {
  try {
    return await rememberedPrivateKey(session, parseSshPublicKey(publicKey).fingerprint);
  } catch (error) {
    if (error instanceof SshKeyError) return undefined;
    throw error;
  }
}

function isSameKey(left: string, right: string): boolean {
  try {
    return parseSshPublicKey(left).fingerprint === parseSshPublicKey(right).fingerprint;
  } catch (error) {
    if (error instanceof SshKeyError) return false;
    throw error;
  }
}
