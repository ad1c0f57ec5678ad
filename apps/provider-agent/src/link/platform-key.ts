import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../journal/durable-file.ts';
import type { Logger } from '../log.ts';

const HEX_KEY = /^[0-9a-f]{64}$/;

/** The key whose commands this agent follows: pinned in its configuration, or the first one that it was ever told. */
export class PlatformKey {
  private readonly file: string;
  private readonly pinned: string | undefined;
  private readonly logger: Logger;
  private known: string | undefined;
  /** Said once for every key. */
  private complainedAbout: string | undefined;

  constructor(options: { dataDir: string; pinned: string | undefined; logger: Logger }) {
    this.file = join(options.dataDir, 'platform.key');
    this.pinned = options.pinned;
    this.logger = options.logger;
  }

  async load(): Promise<void> {
    this.known = this.pinned ?? (await this.readLearnt());
  }

  get publicKey(): string | undefined {
    return this.known;
  }

  /** What a session names as the platform's key. Another one than the known is not believed. */
  async hear(publicKey: string): Promise<void> {
    if (this.known === undefined) {
      await writeDurably(this.file, `${publicKey}\n`);
      this.known = publicKey;
      this.logger.info({ publicKey }, 'learnt the key of the platform');
      return;
    }
    if (this.known === publicKey || this.complainedAbout === publicKey) return;
    this.complainedAbout = publicKey;
    this.logger.error(
      { known: this.known, named: publicKey, from: this.pinned ? 'configuration' : this.file },
      'THE PLATFORM NAMES ANOTHER KEY THAN THE ONE THAT IS KNOWN: its commands will be refused until that is put right',
    );
  }

  private async readLearnt(): Promise<string | undefined> {
    let text: string;
    try {
      text = (await readFile(this.file, 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (!HEX_KEY.test(text)) throw new Error(`${this.file} holds no key`);
    return text;
  }
}
