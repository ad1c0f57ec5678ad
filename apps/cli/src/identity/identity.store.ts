import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import { CliError, EXIT } from '../failure.ts';

export interface Identity {
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly createdAt: string;
  readonly file: string;
}

interface IdentityFile {
  readonly name: string;
  readonly secret_key_hex: string;
  readonly public_key_hex: string;
  readonly created_at: string;
}

const NAME = /^(?!\.)[A-Za-z0-9._-]{1,64}$/;

/** Keys on this computer, one file each, for their owner's eyes only. */
export class IdentityStore {
  constructor(readonly folder: string = process.env.DC_IDENTITY_DIR ?? join(homedir(), '.dc-test-keys')) {}

  /** @throws CliError when there is one of this name */
  save(name: string, keyPair: KeyPair, createdAt: Date): Identity {
    const file = this.fileOf(name);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const content: IdentityFile = {
      name,
      secret_key_hex: bytesToHex(keyPair.seed),
      public_key_hex: keyPair.publicKeyHex,
      created_at: createdAt.toISOString(),
    };
    try {
      writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new CliError(
        EXIT.refused,
        `There is an identity "${name}" already`,
        'Choose another name, or delete it first.',
      );
    }
    return { name, keyPair, createdAt: content.created_at, file };
  }

  /** @throws CliError when there is none of this name, or its file is damaged */
  load(name: string): Identity {
    const file = this.fileOf(name);
    if (!existsSync(file)) {
      throw new CliError(
        EXIT.configuration,
        `There is no identity "${name}"`,
        `Make one: dc identity generate --name ${name}`,
      );
    }
    let content: IdentityFile;
    try {
      content = JSON.parse(readFileSync(file, 'utf8')) as IdentityFile;
    } catch (cause) {
      throw new CliError(EXIT.configuration, `${file} is damaged: ${(cause as Error).message}`);
    }
    const keyPair = keyPairFromSeed(content.secret_key_hex);
    if (keyPair.publicKeyHex !== content.public_key_hex) {
      throw new CliError(
        EXIT.configuration,
        `${file} is damaged: public and secret key do not belong together`,
      );
    }
    return { name, keyPair, createdAt: content.created_at, file };
  }

  list(): Identity[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((entry) => entry.endsWith('.json'))
      .sort()
      .map((entry) => this.load(entry.slice(0, -'.json'.length)));
  }

  delete(name: string): void {
    const { file } = this.load(name);
    rmSync(file);
  }

  /** Where this identity's own SSH key is kept, when the person has none. */
  sshKeyFile(name: string): string {
    this.fileOf(name);
    return join(this.folder, 'ssh', name);
  }

  private fileOf(name: string): string {
    if (!NAME.test(name)) {
      throw new CliError(
        EXIT.usage,
        `"${name}" is no name: use letters, digits, dot, underscore and hyphen (64 at most)`,
      );
    }
    return join(this.folder, `${name}.json`);
  }
}
