import { secondsToNs } from '@decent-cloud/kernel';
import type { AgentEvent } from '@decent-cloud/messages';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { settingNs } from '../assignment/domain/next-step.ts';
import type { Machine } from '../assignment/rows.ts';
import { Availability } from '../availability/availability.ts';
import type { NextStanding } from '../availability/domain/availability.ts';
import { compareObserved, type KnownMachine } from '../availability/domain/compare-observed.ts';
import { Removals } from '../removals/removals.ts';

const MOST_MACHINES = 10_000;
/** An observation does not have a command repeated that was given this recently. */
const COMMAND_REST_SECONDS = 10;

type Observed = Extract<AgentEvent, { kind: 'observed' }>;

/** What is there, as an agent sees it: what shall be absent is commanded away again, how the others stand is told, what nobody ordered is counted. */
@Injectable()
export class Observations {
  constructor(
    private readonly store: AssignmentStore,
    private readonly agents: AgentStore,
    private readonly removals: Removals,
    private readonly availability: Availability,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  async compare(sql: Sql, event: Observed, now: bigint): Promise<void> {
    const { agentPublicKey } = event;
    const observed = event.payload.machines;
    const atNs = BigInt(event.atNs) < now ? BigInt(event.atNs) : now;
    const known = await this.known(sql, agentPublicKey, observed);
    const difference = compareObserved(observed, known, atNs, this.patience);
    // What runs is told by the newest observation alone.
    const isNewest = await this.agents.isNewestObservation(sql, agentPublicKey, atNs);
    const standing = isNewest ? difference.standing : [];
    const touched = [...difference.toRemove, ...difference.gone, ...standing.map(({ machine }) => machine)];
    const contractIds = [...new Set(touched.map((machine) => machine.contractId))].sort();
    // All of them before the first change: changes also lock agents, and contracts are locked before agents.
    for (const contractId of contractIds) await this.store.lock(sql, contractId);
    for (const contractId of contractIds) {
      await this.compareOne(sql, agentPublicKey, contractId, observed, atNs, now);
    }
    for (const { machine, next } of standing) {
      await this.stand(sql, machine, next, now);
    }
    await this.agents.noteObservation(sql, agentPublicKey, difference.unknown, atNs);
  }

  private get patience() {
    return {
      lostAfterNs: settingNs(this.settings.LOST_AFTER_SECONDS),
      allLostAfterNs: settingNs(this.settings.ALL_LOST_AFTER_SECONDS),
    };
  }

  /** With the contract locked: what was read before may have changed. */
  private async stand(sql: Sql, known: KnownMachine, next: NextStanding, now: bigint): Promise<void> {
    const { contractId, generation } = known;
    const assignment = await this.store.lock(sql, contractId);
    const machine = (await this.store.machines(sql, contractId)).find((one) => one.generation === generation);
    const isAsRead =
      machine?.desired === 'running' &&
      machine.state === 'provisioned' &&
      machine.availability === known.availability &&
      machine.lostAtNs === known.lostAtNs;
    if (assignment?.generation !== generation || !isAsRead) return;
    await this.availability.note(sql, assignment, machine, next, now);
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
    const { toRemove, gone } = compareObserved(
      observed.filter((one) => one.contractId === contractId),
      machines,
      atNs,
      this.patience,
    );
    const rowOf = ({ generation }: KnownMachine) =>
      machines.find((machine) => machine.generation === generation) as Machine;
    for (const machine of toRemove.map(rowOf)) {
      const isLongAgo = machine.updatedAtNs + secondsToNs(COMMAND_REST_SECONDS) < now;
      if (isLongAgo || machine.state === 'gone') await this.removals.command(sql, machine, now);
    }
    for (const machine of gone.map(rowOf)) await this.removals.confirm(sql, assignment, machine, now);
  }
}
