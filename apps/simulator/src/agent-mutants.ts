import { observedOf } from '../../provider-agent/src/agent/observe.ts';
import type { ReconcilerOptions } from '../../provider-agent/src/agent/reconcile.ts';
import type { Command, WorkerOptions } from '../../provider-agent/src/agent/worker-context.ts';
import { driftOf } from '../../provider-agent/src/domain/drift.ts';
import type { Parts } from './parts.ts';
import { parts } from './parts.ts';

const real = parts.agent;

/** An older command is followed like a new one. */
export class IgnoringGenerations extends real.Worker {
  constructor(private readonly given: WorkerOptions) {
    super(given);
  }

  override carryOut(command: Command): Promise<string | undefined> {
    const { contractId, generation } = command.machine;
    const known = this.given.journal.state.machines.get(contractId)?.generation ?? 0;
    const machine = { ...command.machine, generation: Math.max(known, generation) };
    return super.carryOut({ ...command, machine });
  }
}

/** What a snapshot does not name is taken for a command to destroy it. */
export class DestroyingTheUnnamed extends real.Reconciler {
  constructor(private readonly given: ReconcilerOptions) {
    super(given);
  }

  override async run(repeatResults: boolean): Promise<boolean> {
    const hasCompared = await super.run(repeatResults);
    const { wanted, backend, marks } = this.given;
    const drift = driftOf(wanted.all ?? [], observedOf(await backend.list(), marks));
    for (const { what, externalId } of drift) {
      if (what === 'unwanted' && externalId) await backend.terminate(externalId);
    }
    return hasCompared;
  }
}

/** What was stopped by hand is not started again. */
export class LeavingTheStopped extends real.Worker {
  override async startAgain(): Promise<boolean> {
    return false;
  }
}

export const withAgentParts =
  (others: Partial<Parts['agent']>) =>
  (known: Parts): Parts => ({ ...known, agent: { ...known.agent, ...others } });
