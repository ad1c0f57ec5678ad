import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import { CliError, EXIT } from './exit.ts';

export interface StoredIdentity {
  readonly name: string;
  readonly keyPair: KeyPair;
  /** RFC 3339. */
  readonly createdAt: string;
}

const NAME = /^(?!\.)[A-Za-z0-9._-]{1,64}$/;

/** Keys in files: `<directory>/<name>.json`, for the owner only. */
export class IdentityStore {
  /** @param olderDirectory where keys were kept before: those that are there are used, new ones are not put there */
  constructor(
    readonly directory: string,
    private readonly olderDirectory?: string,
  ) {}

  /** The folder that an identity is in, or would be made in. */
  folderOf(name: string): string {
    const older = this.olderDirectory;
    const isOnlyThere =
      older !== undefined &&
      existsSync(join(older, `${name}.json`)) &&
      !existsSync(join(this.directory, `${name}.json`));
    return isOnlyThere ? older : this.directory;
  }

  /** @throws CliError when the name could leave the directory or hide in it. */
  fileOf(name: string): string {
    if (!NAME.test(name)) {
      throw new CliError(
        EXIT.usage,
        'IDENTITY_NAME_INVALID',
        `"${name}" cannot name an identity`,
        'Use 1 to 64 letters, digits, dots, underscores or hyphens, not beginning with a dot.',
      );
    }
    return join(this.folderOf(name), `${name}.json`);
  }

  async list(): Promise<StoredIdentity[]> {
    const names = (await this.names()).sort();
    return await Promise.all(names.map((name) => this.load(name)));
  }

  async names(): Promise<string[]> {
    const folders = [this.directory, ...(this.olderDirectory === undefined ? [] : [this.olderDirectory])];
    const files = (await Promise.all(folders.map(filesIn))).flat();
    const names = files
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .filter((name) => NAME.test(name));
    return [...new Set(names)];
  }

  /** @throws CliError when it is missing, or its halves do not belong together. */
  async load(name: string): Promise<StoredIdentity> {
    const file = this.fileOf(name);
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new CliError(
        EXIT.configuration,
        'IDENTITY_MISSING',
        `There is no identity "${name}" in ${this.directory}`,
        `See them with \`dc identity list\`, or make it: dc identity generate --name ${name}`,
      );
    });
    const broken = (what: string): CliError =>
      new CliError(EXIT.configuration, 'IDENTITY_BROKEN', `${file} ${what}`, 'Import the key again.');
    let stored: Record<string, unknown>;
    let keyPair: KeyPair;
    try {
      stored = JSON.parse(text) as Record<string, unknown>;
      keyPair = keyPairFromSeed(String(stored.secret_key_hex));
    } catch {
      // The cause may quote the secret.
      throw broken('does not hold a key');
    }
    if (keyPair.publicKeyHex !== String(stored.public_key_hex).toLowerCase()) {
      throw broken('holds a public key of another secret key');
    }
    return { name, keyPair, createdAt: String(stored.created_at ?? '') };
  }

  /** Never overwrites. @returns the file */
  async save(name: string, keyPair: KeyPair, now: Date): Promise<string> {
    const file = this.fileOf(name);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await chmod(this.directory, 0o700);
    const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      throw new CliError(
        EXIT.refused,
        'IDENTITY_EXISTS',
        `There is an identity "${name}" already`,
        'Choose another name: keys are never overwritten.',
      );
    });
    try {
      const content = {
        name,
        secret_key_hex: bytesToHex(keyPair.seed),
        public_key_hex: keyPair.publicKeyHex,
        created_at: now.toISOString(),
      };
      await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return file;
  }

  async delete(name: string): Promise<void> {
    await this.load(name);
    await unlink(this.fileOf(name));
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
