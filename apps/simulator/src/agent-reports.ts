import { isDeepStrictEqual } from 'node:util';
import { secondsToNs } from '@decent-cloud/kernel';
import { type AgentEvent, facts } from '@decent-cloud/messages';
import type { Effect, MachineEvent } from '../../agents/src/coordination/assignment/domain/decide-event.ts';
import type { KnownMachine } from '../../agents/src/coordination/availability/domain/compare-observed.ts';
import type { AgentRow, Assignment, Machine } from './agents-rows.ts';
import { type Coordinator, PATIENCE } from './coordinator.ts';
import type { Recorder, Transaction } from './database.ts';
import type { Rules } from './rules.ts';

const COMMAND_REST_SECONDS = 10;

/** What an agent reports is not believed, with the reason. */
export class DisbelievedError extends Error {
  override readonly name = 'DisbelievedError';
}

type Observed = Extract<AgentEvent, { kind: 'observed' }>;
type Say = (typeof facts)['provisioningStarted' | 'machineProvisioned'];

/** What verified events of agents do. */
export class AgentEventHandler {
  constructor(
    private readonly coordinator: Coordinator,
    private readonly rules: Rules['agents'],
    private readonly recorder: Recorder,
  ) {}

  apply(tx: Transaction, event: AgentEvent): void {
    if (event.kind === 'observed') {
      this.compare(tx, event);
      return;
    }
    const { coordinator, rules } = this;
    const { contractId, generation, agentPublicKey } = event;
    const assignment = coordinator.assignments.get(contractId);
    const machine = coordinator.machines(contractId).find((one) => one.generation === generation);
    if (!assignment || !machine || !rules.isItsOwn(machine, agentPublicKey)) {
      throw new DisbelievedError('foreign-machine');
    }
    if (generation < assignment.generation) this.recorder.seen('report of an old generation');
    if (machine.desired === 'absent') this.recorder.seen('report about a machine that is to go');
    const attempts = coordinator.machines(contractId);
    const effects = rules.decideOnEvent(event, machine, assignment, attempts);
    for (const effect of effects) this.carryOut(tx, effect, event, assignment, machine);
  }

  private carryOut(
    tx: Transaction,
    effect: Effect,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
  ): void {
    const { coordinator } = this;
    switch (effect.kind) {
      case 'start':
        this.start(tx, assignment, machine);
        return;
      case 'accept':
        if (!effect.startedBefore) this.start(tx, assignment, machine);
        this.accept(tx, event, assignment, machine);
        return;
      case 'renew':
        this.renew(tx, event, assignment, machine);
        return;
      case 'fail':
        this.fail(tx, effect, event, assignment, machine);
        return;
      case 'command-removal':
        coordinator.commandRemoval(tx, machine);
        return;
      case 'confirm-gone':
        coordinator.confirmGone(tx, assignment, machine);
        return;
      case 'publish-lost':
        this.lose(tx, assignment, machine);
        return;
      case 'pass-on':
        throw new Error(`${event.kind} is not simulated`);
    }
  }

  private start(tx: Transaction, assignment: Assignment, machine: Machine): void {
    const { coordinator, rules } = this;
    coordinator.changeMachine(tx, machine, { state: 'claimed' });
    coordinator.change(tx, assignment.contractId, {
      state: 'claimed',
      dueAtNs: rules.watchAt(assignment, tx.now),
    });
    this.say(tx, facts.provisioningStarted, machine);
  }

  private accept(tx: Transaction, event: MachineEvent, assignment: Assignment, machine: Machine): void {
    if (event.kind !== 'provisioned') return;
    const { instance } = event.payload;
    const provisioned = {
      state: 'provisioned' as const,
      externalId: instance.externalId,
      instance,
      settledAtNs: tx.now,
    };
    this.coordinator.changeMachine(tx, machine, provisioned);
    this.coordinator.change(tx, machine.contractId, { state: 'provisioned', dueAtNs: null });
    this.say(tx, facts.machineProvisioned, machine, event.payload);
    this.coordinator.handedOver(tx, assignment, machine, true);
  }

  private renew(tx: Transaction, event: MachineEvent, assignment: Assignment, machine: Machine): void {
    if (event.kind !== 'provisioned') return;
    if (isDeepStrictEqual(machine.instance, event.payload.instance)) {
      this.coordinator.handedOver(tx, assignment, machine, false);
    } else this.accept(tx, event, assignment, machine);
  }

  private fail(
    tx: Transaction,
    { step }: Extract<Effect, { kind: 'fail' }>,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
  ): void {
    if (event.kind !== 'failed') return;
    const { coordinator } = this;
    const { agentPublicKey } = machine;
    coordinator.close(tx, machine, event.payload.class);
    const isOver =
      step.next === 'give-up' ||
      (step.next === 'only-others' && !coordinator.isAnyoneLeft(assignment, tx.now));
    if (isOver) {
      coordinator.fail(tx, assignment, 'PROVISIONING_FAILED', event.payload.message, agentPublicKey);
      return;
    }
    const retry =
      step.next === 'same-agent' ? { agentPublicKey, afterSeconds: step.afterSeconds } : undefined;
    coordinator.tryAgain(tx, assignment, retry);
  }

  private lose(tx: Transaction, assignment: Assignment, machine: Machine): void {
    const sinceNs = machine.lostAtNs ?? tx.now;
    const next = { availability: 'lost', lostAtNs: sinceNs, sinceNs } as const;
    this.coordinator.stands(tx, assignment, machine, next);
  }

  private say(tx: Transaction, declaration: Say, machine: Machine, more: object = {}): void {
    const { contractId, generation, agentPublicKey } = machine;
    tx.say({ declaration, payload: { contractId, generation, agentPublicKey, atNs: tx.now, ...more } });
  }

  /** An observation: what shall be absent is ordered away again, how the others stand is told. */
  private compare(tx: Transaction, event: Observed): void {
    const { coordinator, rules } = this;
    const { agentPublicKey } = event;
    const observed = event.payload.machines;
    const atNs = BigInt(event.atNs) < tx.now ? BigInt(event.atNs) : tx.now;
    const own = [...coordinator.machinesOf.values()]
      .flat()
      .filter((machine) => machine.agentPublicKey === agentPublicKey);
    const leaving = own.filter(({ state, desired }) => state !== 'gone' && desired === 'absent');
    const named = new Set([...observed, ...leaving].map(({ contractId }) => contractId));
    const known = own.filter(({ state, contractId }) => state !== 'gone' || named.has(contractId));
    const { toRemove, gone, standing } = rules.compareObserved(observed, known, atNs, PATIENCE);
    const agent = coordinator.agents.get(agentPublicKey) as AgentRow;
    const rowOf = ({ contractId, generation }: KnownMachine) =>
      coordinator.machines(contractId).find((machine) => machine.generation === generation) as Machine;
    for (const machine of toRemove.map(rowOf)) {
      const commandedAgo = machine.updatedAtNs + secondsToNs(COMMAND_REST_SECONDS) < tx.now;
      if (commandedAgo || machine.state === 'gone') coordinator.commandRemoval(tx, machine);
    }
    for (const machine of gone.map(rowOf)) {
      coordinator.confirmGone(tx, coordinator.assignments.get(machine.contractId) as Assignment, machine);
    }
    if (atNs <= agent.observedAtNs) return;
    for (const { machine, next } of standing) {
      const assignment = coordinator.assignments.get(machine.contractId) as Assignment;
      if (assignment.generation !== machine.generation) continue;
      coordinator.stands(tx, assignment, rowOf(machine), next);
    }
    const now = coordinator.agents.get(agentPublicKey) as AgentRow;
    tx.put(coordinator.agents, agentPublicKey, { ...now, observedAtNs: atNs });
  }
}
