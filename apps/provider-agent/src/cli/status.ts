import { holderOf } from '../agent/run-lock.ts';
import { readStatus } from '../agent/status-file.ts';
import { declarationOf } from '../backends/registry.ts';
import { loadConfig } from '../config/load-config.ts';
import { AgentState } from '../domain/agent-state.ts';
import { readJournal } from '../journal/journal-file.ts';

/** What the journal holds, and what the running agent says of its connection. Changes nothing. */
export async function status(configPath: string, options: { readonly json?: boolean }): Promise<void> {
  const config = await loadConfig(configPath);
  const state = AgentState.of((await readJournal(config.journalPath)).entries);
  const pid = await holderOf(`${config.journalPath}.lock`);
  const said = pid === undefined ? undefined : await readStatus(config.dataDir);
  const running = said?.pid === pid ? said : undefined;
  const machines = [...state.machines.values()].map(
    ({ contractId, generation, phase, externalId, endsAtNs }) => ({
      contractId,
      generation,
      phase,
      externalId: externalId ?? null,
      endsAtNs: endsAtNs ?? null,
    }),
  );
  const { type } = config.provisioner;
  const machinesServed = pid !== undefined || !declarationOf(type)?.isServedByAgent;
  const answer = {
    running: pid !== undefined,
    machinesServed,
    pid: pid ?? null,
    version: running?.version ?? null,
    connection: running?.connection ?? { state: 'stopped' as const },
    freeSlots: running?.freeSlots ?? null,
    activeContracts: running?.activeContracts ?? null,
    refusedCommands: running?.refusedCommands ?? null,
    drift: running?.drift ?? [],
    driftCounts: running?.driftCounts ?? null,
    lastSnapshotAtNs: state.snapshot?.atNs ?? null,
    pendingEvents: state.pending().length,
    machines,
  };
  if (options.json) {
    console.log(JSON.stringify(answer, null, 2));
    return;
  }
  const { connection } = answer;
  console.log(answer.running ? `running (process ${answer.pid})` : 'not running');
  if (!machinesServed && machines.some(({ phase }) => phase === 'running')) {
    console.log(`nobody gets in: machines of the type ${type} are reached through the running agent`);
  }
  console.log(`connection: ${connection.state}${connection.url ? ` to ${connection.url}` : ''}`);
  if (connection.lastError) console.log(`last fault: ${connection.lastError}`);
  console.log(`events waiting for the platform: ${answer.pendingEvents}`);
  if (answer.refusedCommands) console.log(`commands refused: ${answer.refusedCommands}`);
  for (const machine of machines) {
    console.log(
      `${machine.phase.padEnd(9)} ${machine.contractId} generation ${machine.generation} ${machine.externalId ?? ''}`,
    );
  }
  if (machines.length === 0) console.log('no machines');
  if (answer.driftCounts) {
    const { missing, unexpected, wrongPower, foreign } = answer.driftCounts;
    console.log(
      `drift: ${missing} missing, ${unexpected} unexpected, ${wrongPower} of wrong power, ${foreign} foreign`,
    );
  }
  for (const { what, contractId, externalId } of answer.drift) {
    console.log(`drift: ${what} ${contractId ?? ''} ${externalId ?? ''}`);
  }
}
