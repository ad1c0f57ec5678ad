import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../install/install.mjs';
import { Child } from './child.mjs';
import { nodeArguments, nodeEnvironment } from './node.mjs';

const DEADLINE_MS = 120_000;
const ONLINE_DEADLINE_MS = 20_000;

/**
 * Fills the platform with something to try, starts what that asks for (its provider's agent), and waits until there is
 * something for rent. The platform works without it: a fault is said and left at that.
 * @param {{ program: string, folder: string, apiUrl: string, env: NodeJS.ProcessEnv, logFolder: string,
 *   say: (line: string) => void, isStopping: () => boolean,
 *   add: (name: string, command: string, args: string[], env: Record<string, string>) => unknown }} options
 */
export async function prepareDemo(options) {
  const { program, folder, say, logFolder, add } = options;
  if (!existsSync(program)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  say('preparing the demo');
  const child = new Child({
    name: 'demo',
    command: process.execPath,
    args: [...nodeArguments, program],
    env: options.env,
    cwd: ROOT,
    logFolder,
    say,
  });
  if (!(await child.runOnce(DEADLINE_MS))) {
    say(`The demo could not be prepared; the platform works. Its log: ${join(logFolder, 'demo.log')}`);
    return;
  }
  const list = join(folder, 'processes.json');
  /** @type {{ name: string, script: string, args?: string[], env?: Record<string, string> }[]} */
  const processes = existsSync(list) ? JSON.parse(await readFile(list, 'utf8')) : [];
  for (const { name, script, args = [], env = {} } of processes) {
    add(name, process.execPath, [...nodeArguments, resolve(ROOT, script), ...args], {
      ...nodeEnvironment,
      ...env,
    });
  }
  if (!(await somethingForRent(options))) {
    say(`The demo's agent is not online yet. Its log: ${join(logFolder, 'demo-agent.log')}`);
  }
}

/** @param {{ apiUrl: string, isStopping: () => boolean }} options */
async function somethingForRent({ apiUrl, isStopping }) {
  const until = Date.now() + ONLINE_DEADLINE_MS;
  while (Date.now() < until && !isStopping()) {
    try {
      const reply = await fetch(`${apiUrl}/api/v1/status`, { signal: AbortSignal.timeout(3_000) });
      const { data } = /** @type {{ data?: { offeringsForRent?: number } }} */ (await reply.json());
      if ((data?.offeringsForRent ?? 0) > 0) return true;
    } catch (error) {
      if (!(error instanceof TypeError) && /** @type {Error} */ (error).name !== 'TimeoutError') throw error;
    }
    await sleep(200);
  }
  return isStopping();
}
