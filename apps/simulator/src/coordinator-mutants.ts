import type { AgentEvent } from '@decent-cloud/messages';
import type { Sql } from '@decent-cloud/postgres';
import type { AssignmentStore } from '../../agents/src/coordination/assignment/assignment.store.ts';
import type { Effect, MachineEvent } from '../../agents/src/coordination/assignment/domain/decide-event.ts';
import type { Assignment, Machine } from '../../agents/src/coordination/assignment/rows.ts';
import type { Parts } from './parts.ts';

type Own = Parts['agents'];

/** Classes that take the place of those of the agents service. */
const agents =
  (change: (own: Own) => Partial<Own>) =>
  (parts: Parts): Parts => ({ ...parts, agents: { ...parts.agents, ...change(parts.agents) } });

export const commandsNoRemovals = agents(({ Removals }) => ({
  Removals: class extends Removals {
    override async command(): Promise<void> {
      // Nobody is told.
    }
  },
}));

export const verifiesNoSignatures = agents(({ SignedByAgent }) => ({
  SignedByAgent: class extends SignedByAgent {
    protected override isSigned(): boolean {
      return true;
    }
  },
}));

/** Whoever speaks of a machine is taken for the agent that has it. */
export const believesInAnyonesName = agents(({ AgentEventHandler }) => ({
  AgentEventHandler: class extends AgentEventHandler {
    private readonly rows: AssignmentStore;

    constructor(...given: ConstructorParameters<Own['AgentEventHandler']>) {
      super(...given);
      [this.rows] = given;
    }

    override async apply(sql: Sql, said: AgentEvent, now: bigint): Promise<void> {
      if (said.kind === 'observed') return super.apply(sql, said, now);
      const machines = await this.rows.machines(sql, said.contractId);
      const agentPublicKey = machines.find((one) => one.generation === said.generation)?.agentPublicKey;
      await super.apply(sql, agentPublicKey ? { ...said, agentPublicKey } : said, now);
    }
  },
}));

export const ignoresGenerationsAndRemovals = agents(({ AgentEventHandler }) => ({
  AgentEventHandler: class extends AgentEventHandler {
    protected override decide(
      event: MachineEvent,
      machine: Machine,
      assignment: Assignment,
      machines: readonly Machine[],
    ): readonly Effect[] {
      const { generation } = assignment;
      return super.decide(event, { ...machine, desired: 'running', generation }, assignment, machines);
    }
  },
}));

/** Whether machines run is told by no observation. */
export const passesOverLostMachines = agents(({ Observations }) => ({
  Observations: class extends Observations {
    constructor(...[store, known, ...rest]: ConstructorParameters<Own['Observations']>) {
      super(store, Object.create(known, { isNewestObservation: { value: async () => false } }), ...rest);
    }
  },
}));

export const losesAtFirstSight = agents(({ Observations }) => ({
  Observations: class extends Observations {
    constructor(
      ...[store, known, removals, availability, settings]: ConstructorParameters<Own['Observations']>
    ) {
      const impatient = { LOST_AFTER_SECONDS: 0, ALL_LOST_AFTER_SECONDS: 0 };
      super(store, known, removals, availability, { ...settings, ...impatient });
    }
  },
}));
