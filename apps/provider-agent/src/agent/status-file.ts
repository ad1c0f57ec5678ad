import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drift, DriftCounts } from '../domain/drift.ts';
import { writeDurably } from '../journal/durable-file.ts';
import type { LinkStatus } from '../link/link.ts';

/** What a running agent says of itself, for `dc-agent status`. No secret is in here. */
export interface RunningStatus {
  readonly pid: number;
  readonly atNs: string;
  readonly startedAtNs: string;
  readonly version: string;
  readonly agentPublicKey: string;
  readonly connection: LinkStatus;
  readonly activeContracts: number;
  readonly freeSlots: number;
  readonly refusedCommands: number;
  readonly drift: readonly Drift[];
  /** How many of each kind; null while it is not known. */
  readonly driftCounts: DriftCounts | null;
}

const fileIn = (dataDir: string): string => join(dataDir, 'status.json');

export function writeStatus(dataDir: string, status: RunningStatus): Promise<void> {
  return writeDurably(fileIn(dataDir), `${JSON.stringify(status)}\n`);
}

export async function readStatus(dataDir: string): Promise<RunningStatus | undefined> {
  try {
    return JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as RunningStatus;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
