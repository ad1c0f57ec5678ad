import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from './platform.ts';

export const demoAgentFolder = (platform: Platform): string => join(platform.dataDir, 'demo/agent/data');

/** Contracts for which there is a machine on the disk of the demo's agent. */
export async function demoMachines(platform: Platform): Promise<string[]> {
  const folder = join(demoAgentFolder(platform), 'machines');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const contracts = names.map(async (name) => {
    const text = await readFile(join(folder, name, 'machine.json'), 'utf8').catch(gone);
    return text === undefined ? [] : [(JSON.parse(text) as { contractId: string }).contractId];
  });
  return (await Promise.all(contracts)).flat();
}

/** Removed between the look at the folder and the look at the file. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
