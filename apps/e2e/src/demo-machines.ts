import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@decent-cloud/testing';
import type { Platform } from './platform.ts';

export const demoAgentFolder = (platform: Platform): string => join(platform.dataDir, 'demo/agent/data');

interface Found {
  readonly folder: string;
  readonly contractId: string;
  readonly description: object;
}

/** Contracts for which there is a machine on the disk of the demo's agent. */
export async function demoMachines(platform: Platform): Promise<string[]> {
  return (await find(platform)).map(({ contractId }) => contractId);
}

/** What somebody does at the provider's: the contract's machine is not there any more. */
export async function removeByHand(platform: Platform, contractId: string): Promise<void> {
  for (const { folder } of await findOf(platform, contractId)) {
    const away = join(platform.folder, `removed-${crypto.randomUUID()}`);
    await rename(folder, away);
    await rm(away, { recursive: true });
  }
}

/** The same: the contract's machine is switched off, and nothing of it runs any more. */
export async function switchOffByHand(platform: Platform, contractId: string): Promise<void> {
  // The agent serves its local machines itself: while it lives, one that is said to be off still lets people in.
  const pid = await platform.pidOf('demo-agent');
  const [machine] = await findOf(platform, contractId);
  if (!machine) throw new Error(`there is no machine of ${contractId}`);
  process.kill(pid, 'SIGKILL');
  const file = join(machine.folder, 'machine.json');
  await writeFile(`${file}.by-hand`, JSON.stringify({ ...machine.description, power: 'stopped' }));
  await rename(`${file}.by-hand`, file);
  await eventually(async () => (await platform.pidOf('demo-agent')) !== pid, {
    deadlineMs: 60_000,
    what: 'the agent being started again',
  });
}

async function findOf(platform: Platform, contractId: string): Promise<Found[]> {
  return (await find(platform)).filter((machine) => machine.contractId === contractId);
}

async function find(platform: Platform): Promise<Found[]> {
  const parent = join(demoAgentFolder(platform), 'machines');
  const names = (await readdir(parent)).filter((name) => !name.startsWith('.'));
  const found = names.map(async (name): Promise<Found[]> => {
    const folder = join(parent, name);
    const text = await readFile(join(folder, 'machine.json'), 'utf8').catch(gone);
    if (text === undefined) return [];
    const description = JSON.parse(text) as { contractId: string };
    return [{ folder, contractId: description.contractId, description }];
  });
  return (await Promise.all(found)).flat();
}

/** Removed between the look at the folder and the look at the file. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
