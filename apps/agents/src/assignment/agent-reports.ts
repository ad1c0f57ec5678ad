import { secondsToNs } from '@decent-cloud/kernel';
import { type AgentEvent, facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { DnsRecordStore } from '../dc-gateway/dns-record.store.ts';
import { placeOf } from '../dc-gateway/domain/names.ts';
import { InsideReports } from '../operations/inside-reports.ts';
import { isItsOwn } from '../wire/domain/disbelief.ts';
import { DisbelievedError } from '../wire/signed-by-agent.ts';
import { type Assignment, AssignmentStore, attemptsOf, type Machine } from './assignment.store.ts';
import { Coordinator } from './coordinator.ts';
import { compareObserved, type KnownMachine } from './domain/compare-observed.ts';
import { decideOnEvent, type Effect, type InsideEvent, type MachineEvent } from './domain/decide-event.ts';
import { Removals } from './removals.ts';

const MOST_MACHINES = 10_000;
/** A full report does not have an order repeated that was given this recently. */
const ORDER_REST_SECONDS = 10;

type Observed = Extract<AgentEvent, { kind: 'observed' }>;

/** What verified events of agents do, in the transaction that also notes them as seen. */
@Injectable()
export class AgentReports {
  constructor(
    private readonly store: AssignmentStore,
    private readonly coordinator: Coordinator,
    private readonly removals: Removals,
    private readonly inside: InsideReports,
    private readonly names: DnsRecordStore,
  ) {}

  /** @throws DisbelievedError when the agent speaks of a machine that was never given to it */
  async apply(sql: Sql, event: AgentEvent, now: bigint): Promise<void> {
    if (event.kind === 'observed') return this.compare(sql, event, now);
    const { contractId, generation, agentPublicKey } = event;
    const assignment = await this.store.lock(sql, contractId);
    const machines = assignment ? await this.store.machines(sql, contractId) : [];
    const machine = machines.find((one) => one.generation === generation);
    if (!assignment || !machine || !isItsOwn(machine, agentPublicKey)) {
      throw new DisbelievedError(
        'foreign-machine',
        `${contractId} generation ${generation} is not ${agentPublicKey}'s`,
      );
    }
    const effects = decideOnEvent(event, machine, assignment, attemptsOf(machines));
    for (const effect of effects) await this.carryOut(sql, effect, event, assignment, machine, now);
  }

  private async carryOut(
    sql: Sql,
    effect: Effect,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
    now: bigint,
  ): Promise<void> {
    switch (effect.kind) {
      case 'start':
        await this.start(sql, assignment, machine, now);
        return;
      case 'accept':
        if (!effect.startedBefore) await this.start(sql, assignment, machine, now);
        await this.accept(sql, event, assignment, machine, now);
        return;
      case 'fail':
        await this.fail(sql, effect, event, assignment, machine, now);
        return;
      case 'order-removal':
        await this.removals.order(sql, machine, now);
        return;
      case 'confirm-gone':
        await this.removals.confirm(sql, assignment, machine, now);
        return;
      case 'report-lost':
        await this.lose(sql, machine, now);
        return;
      case 'pass-on':
        await this.inside.apply(sql, event as InsideEvent, now);
        return;
    }
  }

  private async start(sql: Sql, assignment: Assignment, machine: Machine, now: bigint): Promise<void> {
    await this.store.changeMachine(sql, machine, { state: 'claimed' }, now);
    await this.coordinator.watch(sql, assignment, now);
    await emitFact(sql, facts.provisioningStarted, identityOf(machine, now), now);
  }

  private async accept(
    sql: Sql,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
    now: bigint,
  ): Promise<void> {
    if (event.kind !== 'provisioned') return;
    const { instance, credentials } = event.payload;
    await this.store.changeMachine(
      sql,
      machine,
      { state: 'provisioned', externalId: instance.externalId, settledAtNs: now },
      now,
    );
    await this.store.change(sql, machine.contractId, { state: 'provisioned', dueAtNs: null }, now);
    const place = placeOf(instance);
    if (place) {
      const { providerPublicKey: provider } = assignment;
      await this.names.belongTo(sql, { ...place, provider }, machine.contractId);
    }
    await emitFact(
      sql,
      facts.machineProvisioned,
      { ...identityOf(machine, now), instance, credentials },
      now,
    );
  }

  private async fail(
    sql: Sql,
    { step }: Extract<Effect, { kind: 'fail' }>,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
    now: bigint,
  ): Promise<void> {
    if (event.kind !== 'failed') return;
    const { agentPublicKey } = machine;
    await this.coordinator.close(sql, machine, event.payload.class, now);
    if (step.next === 'give-up') {
      const message = event.payload.message || event.payload.code;
      await this.coordinator.fail(sql, assignment, 'PROVISIONING_FAILED', message, now, agentPublicKey);
      return;
    }
    const retry =
      step.next === 'same-agent' ? { agentPublicKey, afterSeconds: step.afterSeconds } : undefined;
    await this.coordinator.tryAgain(sql, assignment, retry, now);
  }

  private async lose(sql: Sql, machine: Machine, now: bigint): Promise<void> {
    if (machine.lostAtNs !== null) return;
    await this.store.changeMachine(sql, machine, { lostAtNs: now }, now);
    await emitFact(sql, facts.machineLost, identityOf(machine, now), now);
  }

  /** A full report: what shall be absent is ordered away again, what vanished is reported, what nobody ordered is counted. */
  private async compare(sql: Sql, event: Observed, now: bigint): Promise<void> {
    const { agentPublicKey } = event;
    const observed = event.payload.machines;
    const atNs = BigInt(event.atNs) < now ? BigInt(event.atNs) : now;
    const difference = compareObserved(observed, await this.known(sql, agentPublicKey, observed), atNs);
    const touched = [...difference.toRemove, ...difference.gone, ...difference.lost, ...difference.found];
    const contractIds = [...new Set(touched.map((machine) => machine.contractId))].sort();
    // All of them before the first change: changes also lock agents, and contracts are locked before agents.
    for (const contractId of contractIds) await this.store.lock(sql, contractId);
    for (const contractId of contractIds) {
      await this.compareOne(sql, agentPublicKey, contractId, observed, atNs, now);
    }
    await sql.query('update agent set unknown_machines = $2 where agent_public_key = $1', [
      agentPublicKey,
      difference.unknown,
    ]);
  }

  private async known(
    sql: Sql,
    agentPublicKey: string,
    observed: Observed['payload']['machines'],
  ): Promise<KnownMachine[]> {
    const living = await this.store.machinesOfAgent(sql, agentPublicKey, MOST_MACHINES);
    // What became of newer attempts tells of older ones that are not confirmed as gone.
    const leaving = living.filter(({ desired }) => desired === 'absent');
    const contractIds = [...observed, ...leaving].flatMap(({ contractId }) => contractId ?? []);
    const named = await this.store.machinesOfContracts(sql, agentPublicKey, [...new Set(contractIds)]);
    return [
      ...new Map([...living, ...named].map((one) => [`${one.contractId}:${one.generation}`, one])).values(),
    ];
  }

  /** Once more with the contract locked: what was read before may have changed. */
  private async compareOne(
    sql: Sql,
    agentPublicKey: string,
    contractId: string,
    observed: Observed['payload']['machines'],
    atNs: bigint,
    now: bigint,
  ): Promise<void> {
    const assignment = await this.store.lock(sql, contractId);
    if (!assignment) return;
    const machines = (await this.store.machines(sql, contractId)).filter(
      (machine) => machine.agentPublicKey === agentPublicKey,
    );
    const { toRemove, gone, lost, found } = compareObserved(
      observed.filter((one) => one.contractId === contractId),
      machines,
      atNs,
    );
    const rowOf = ({ generation }: KnownMachine) =>
      machines.find((machine) => machine.generation === generation) as Machine;
    for (const machine of toRemove.map(rowOf)) {
      const orderedAgo = machine.updatedAtNs + secondsToNs(ORDER_REST_SECONDS) < now;
      if (orderedAgo || machine.state === 'gone') await this.removals.order(sql, machine, now);
    }
    for (const machine of gone.map(rowOf)) await this.removals.confirm(sql, assignment, machine, now);
    for (const machine of lost.map(rowOf)) await this.lose(sql, machine, now);
    for (const machine of found.map(rowOf)) {
      await this.store.changeMachine(sql, machine, { lostAtNs: null }, now);
    }
  }
}

const identityOf = ({ contractId, generation, agentPublicKey }: Machine, now: bigint) => ({
  contractId,
  generation,
  agentPublicKey,
  atNs: now,
});
