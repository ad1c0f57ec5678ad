import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Advice, ROOT } from '../install/install.mjs';

const LEAST_FREE_BYTES = 1024 ** 3;

/** How many of every service and of the gateway. */
export const replicas = () => Math.max(1, Number(process.env.DC_REPLICAS ?? 1) || 1);

/** What all parts of one run of the platform share: where its data is, what it says, whether it is to end. */
export class StackRun {
  dataDir = resolve(ROOT, process.env.DC_DATA_DIR ?? '.data');
  logFolder = join(this.dataDir, 'logs');
  started = performance.now();
  stopping = false;

  /** @param {string} user */
  credsFileOf = (user) => join(this.dataDir, 'creds', `${user}.creds`);

  /** @param {string} line */
  say = (line) => {
    const seconds = ((performance.now() - this.started) / 1_000).toFixed(1).padStart(6);
    console.log(`${seconds} s  ${line}`);
  };

  async checkDisk() {
    const { bavail, bsize } = await statfs(this.dataDir);
    const free = bavail * bsize;
    if (free >= LEAST_FREE_BYTES) return;
    throw new Advice(
      `Only ${Math.round(free / 1024 ** 2)} MiB are free where ${this.dataDir} is; the databases need 1 GiB to work safely.\n` +
        'Free some space, or put the data on another disk: DC_DATA_DIR=/other/disk/dc-data npm start',
    );
  }
}
