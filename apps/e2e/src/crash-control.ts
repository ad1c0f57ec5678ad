import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArmedPoint,
  type CrashFile,
  type CrashHit,
  passesFileOf,
  readHits,
} from '@decent-cloud/kernel/crash-file';

/** Arms the crash points of a running platform, and sees what came of it. */
export class CrashControl {
  private armed: readonly ArmedPoint[] = [];
  private constructor(
    private readonly folder: string,
    readonly file: string,
  ) {}

  static async create(): Promise<CrashControl> {
    const folder = await mkdtemp(join(tmpdir(), 'dc-crash-'));
    const control = new CrashControl(folder, join(folder, 'crash.json'));
    control.arm([]);
    return control;
  }

  /** What a platform is started with, so that its parts look here. */
  get environment(): Record<string, string> {
    return { DC_CRASH_FILE: this.file, DC_RESTART_SECONDS: '0.05' };
  }

  /** In place of what was armed before. Whole or not at all: parts read it at any moment. */
  arm(armed: readonly ArmedPoint[]): void {
    this.armed = armed;
    const content: CrashFile = { armed: this.armed, record: true };
    writeFileSync(`${this.file}.new`, JSON.stringify(content));
    renameSync(`${this.file}.new`, this.file);
  }

  hits(): CrashHit[] {
    return readHits(this.file);
  }

  /** Every point that was passed so far by any part. */
  passes(): Set<string> {
    const file = passesFileOf(this.file);
    return new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
