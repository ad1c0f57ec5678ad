import { isDeepStrictEqual } from 'node:util';
import { type AgentEvent, facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { DnsRecordStore } from '../../dns/dns-record.store.ts';
import { placeOf } from '../../dns/domain/names.ts';
import { isItsOwn } from '../../registry/agent/domain/disbelief.ts';
import { DisbelievedError } from '../../registry/agent/signed-by-agent.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { attemptsOf } from '../assignment/assignment-changes.ts';
import {
  decideOnEvent,
  type Effect,
  type InsideEvent,
  type MachineEvent,
} from '../assignment/domain/decide-event.ts';
import { withUsableAddress } from '../assignment/domain/machine-address.ts';
import type { Assignment, Machine } from '../assignment/rows.ts';
import { Availability } from '../availability/availability.ts';
import { Coordinator } from '../driving/coordinator.ts';
import { InsideEvents } from '../machine-actions/inside-events.ts';
import { Removals } from '../removals/removals.ts';
import { Observations } from './observations.ts';

/** What verified events of agents do, in the transaction that also notes them as seen. */
@Injectable()
export class AgentEventHandler {
  constructor(
    private readonly store: AssignmentStore,
    private readonly coordinator: Coordinator,
    private readonly removals: Removals,
    private readonly inside: InsideEvents,
    private readonly names: DnsRecordStore,
    private readonly availability: Availability,
    private readonly full: Observations,
  ) {}

  /** @throws DisbelievedError when the agent speaks of a machine that was never given to it */
  async apply(sql: Sql, said: AgentEvent, now: bigint): Promise<void> {
    if (said.kind === 'observed') return this.full.compare(sql, said, now);
    const event = withUsableAddress(said);
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
    const effects = this.decide(event, machine, assignment, machines);
    for (const effect of effects) await this.carryOut(sql, effect, event, assignment, machine, now);
  }

  protected decide(
    event: MachineEvent,
    machine: Machine,
    assignment: Assignment,
    machines: readonly Machine[],
  ): readonly Effect[] {
    return decideOnEvent(event, machine, assignment, attemptsOf(machines));
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
      case 'command-removal':
        await this.removals.command(sql, machine, now);
        return;
      case 'confirm-gone':
        await this.removals.confirm(sql, assignment, machine, now);
        return;
      case 'renew':
        await this.renew(sql, event, assignment, machine, now);
        return;
      case 'publish-lost':
        await this.lose(sql, assignment, machine, now);
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
      { state: 'provisioned', externalId: instance.externalId, instance, settledAtNs: now },
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
    await this.availability.handedOver(sql, assignment, machine, true, now);
  }

  /** An agent whose journal is gone takes its machine over, or makes another one: the tenant must hear where it is. */
  private async renew(
    sql: Sql,
    event: MachineEvent,
    assignment: Assignment,
    machine: Machine,
    now: bigint,
  ): Promise<void> {
    if (event.kind !== 'provisioned') return;
    const { instance } = event.payload;
    const isSame = machine.instance
      ? isDeepStrictEqual(machine.instance, instance)
      : machine.externalId === instance.externalId;
    if (isSame) return this.availability.handedOver(sql, assignment, machine, false, now);
    await this.accept(sql, event, assignment, machine, now);
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
    const isOver =
      step.next === 'give-up' ||
      (step.next === 'only-others' && !(await this.coordinator.isAnyoneLeft(sql, assignment, now)));
    if (isOver) {
      const message = event.payload.message || event.payload.code;
      await this.coordinator.fail(sql, assignment, 'PROVISIONING_FAILED', message, now, agentPublicKey);
      return;
    }
    const retry =
      step.next === 'same-agent' ? { agentPublicKey, afterSeconds: step.afterSeconds } : undefined;
    await this.coordinator.tryAgain(sql, assignment, retry, now);
  }

  /** Its agent says in so many words that it is gone: there is nothing to wait for. */
  private lose(sql: Sql, assignment: Assignment, machine: Machine, now: bigint): Promise<void> {
    const sinceNs = machine.lostAtNs ?? now;
    const next = { availability: 'lost', lostAtNs: sinceNs, sinceNs } as const;
    return this.availability.note(sql, assignment, machine, next, now);
  }
}

const identityOf = ({ contractId, generation, agentPublicKey }: Machine, now: bigint) => ({
  contractId,
  generation,
  agentPublicKey,
  atNs: now,
});
