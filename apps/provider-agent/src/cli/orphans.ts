import type { ControlRequest } from '../agent/control-messages.ts';
import type { Operator, OrphanList } from '../agent/operator.ts';
import { holderOf } from '../agent/run-lock.ts';
import { type AgentConfig, loadConfig } from '../config/load-config.ts';
import type { Orphan } from '../domain/orphans.ts';
import { askAgent } from './ask-agent.ts';
import { confirm } from './confirm.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { actWithoutAgent, lookWithoutAgent } from './without-agent.ts';

interface Printing {
  readonly json?: boolean;
}

/** Machines that no contract of the journal stands for. Changes nothing. */
export async function orphansList(configPath: string, options: Printing): Promise<void> {
  const config = await loadConfig(configPath);
  const list = await throughAgentOr(config, { method: 'orphans-list' }, () =>
    lookWithoutAgent(config, (operator) => operator.orphans()),
  );
  if (options.json) {
    console.log(JSON.stringify(list, null, 2));
    return;
  }
  const { orphans, snapshotAtNs, fault } = list as OrphanList;
  if (snapshotAtNs === null)
    console.log(`The platform could not be asked what it wants (${fault}): judged by the journal alone.`);
  if (orphans.length === 0) console.log('no orphans');
  for (const orphan of orphans) console.log(describe(orphan));
}

export async function orphansAdopt(configPath: string, externalId: string, options: Printing): Promise<void> {
  const config = await loadConfig(configPath);
  const { orphan, throughAgent } = await act(config, { method: 'orphans-adopt', externalId }, (operator) =>
    operator.adopt(externalId),
  );
  if (options.json) console.log(JSON.stringify({ adopted: orphan, throughAgent }, null, 2));
  else {
    const { externalId: id } = orphan;
    const told = throughAgent ? 'the platform is told' : 'the platform is told when the agent runs';
    console.log(`adopted: ${id} serves the contract ${orphan.contractId}; ${told}`);
  }
}

export async function orphansDestroy(
  configPath: string,
  externalId: string,
  options: Printing & { readonly yes?: boolean },
): Promise<void> {
  const config = await loadConfig(configPath);
  if (!options.yes && !(await confirm(`Destroy "${externalId}" with all that is on it?`))) {
    throw new CommandError(EXIT.usage, `"${externalId}" is not destroyed: --yes says that it is meant`);
  }
  const { orphan, throughAgent } = await act(config, { method: 'orphans-destroy', externalId }, (operator) =>
    operator.destroy(externalId),
  );
  if (options.json) console.log(JSON.stringify({ destroyed: orphan, throughAgent }, null, 2));
  else console.log(`destroyed: ${externalId}`);
}

async function act(
  config: AgentConfig,
  request: ControlRequest,
  work: (operator: Operator) => Promise<Orphan>,
): Promise<{ readonly orphan: Orphan; readonly throughAgent: boolean }> {
  let throughAgent = true;
  const orphan = await throughAgentOr(config, request, () => {
    throughAgent = false;
    return actWithoutAgent(config, work);
  });
  return { orphan: orphan as Orphan, throughAgent };
}

/** The running agent does it; where none runs, this process does. */
async function throughAgentOr(
  config: AgentConfig,
  request: ControlRequest,
  otherwise: () => Promise<unknown>,
): Promise<unknown> {
  const pid = await holderOf(`${config.journalPath}.lock`);
  return pid === undefined ? otherwise() : askAgent(config.dataDir, pid, request);
}

function describe(orphan: Orphan): string {
  const { externalId, kind, power, contractId, generation, whyNotAdopt, whyNotDestroy } = orphan;
  const contract = contractId === undefined ? '' : ` contract ${contractId} generation ${generation}`;
  return [
    `${kind.padEnd(14)} ${power.padEnd(7)} ${externalId}${contract}`,
    `  adopt: ${whyNotAdopt === undefined ? 'yes' : `no, ${whyNotAdopt}`}`,
    `  destroy: ${whyNotDestroy === undefined ? 'yes' : `no, ${whyNotDestroy}`}`,
  ].join('\n');
}
