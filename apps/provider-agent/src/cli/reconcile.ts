import type { Plan } from '../agent/operator.ts';
import { holderOf } from '../agent/run-lock.ts';
import { loadConfig } from '../config/load-config.ts';
import type { PlanStep } from '../domain/plan.ts';
import { askAgent } from './ask-agent.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { lookWithoutAgent } from './without-agent.ts';

export interface ReconcileOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What the platform wants against what is there: shown, or processed by the running agent. */
export async function reconcile(configPath: string, options: ReconcileOptions): Promise<void> {
  const config = await loadConfig(configPath);
  const pid = await holderOf(`${config.journalPath}.lock`);
  if (options.dryRun) {
    const plan =
      pid === undefined
        ? await lookWithoutAgent(config, (operator) => operator.plan())
        : ((await askAgent(config.dataDir, pid, { method: 'plan' })) as Plan);
    print(plan, options, 'nothing was changed');
    return;
  }
  if (pid === undefined) {
    throw new CommandError(
      EXIT.failure,
      'no agent runs here: start it, which reconciles by itself, or look with --dry-run',
    );
  }
  const done = (await askAgent(config.dataDir, pid, { method: 'reconcile' })) as Plan & {
    readonly compared: boolean;
  };
  if (!done.compared) {
    throw new CommandError(EXIT.platform, 'the agent could not compare: `dc-agent status` says why');
  }
  print(done, options, 'the agent is at it; `dc-agent status` shows what is left');
}

function print(plan: Plan, { json }: ReconcileOptions, last: string): void {
  if (json) {
    console.log(JSON.stringify(plan, null, 2));
    return;
  }
  for (const step of plan.steps) console.log(describe(step));
  console.log(`${plan.steps.length} contracts and machines; ${last}`);
}

function describe({ act, why, contractId, generation, wanted, externalId }: PlanStep): string {
  const contract = contractId === undefined ? '' : ` contract ${contractId} generation ${generation}`;
  const state = wanted === undefined ? '' : ` (wanted ${wanted})`;
  return `${act.padEnd(9)} ${externalId ?? '-'}${contract}${state}: ${why}`;
}
