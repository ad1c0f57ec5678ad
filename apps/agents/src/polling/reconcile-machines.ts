import { secondsToNs } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { reconcileMachines } from '@decent-cloud/messages/agent-polling';
import { Database } from '@decent-cloud/postgres';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { Availability } from '../assignment/availability.ts';
import { standingAfter } from '../assignment/domain/availability.ts';
import { ContractStates } from './contract-states.ts';
import { classifyRunning, type KnownContract } from './domain/classify-running.ts';
import { findGone } from './domain/find-gone.ts';
import { isCurrent, PolledMachines } from './polled-machines.ts';
import { PollingDoor } from './polling-door.ts';
import { type PollingAgent, requirePolling } from './speakers.ts';

const REMOVALS_AT_MOST = 500;
const CHANGES_AT_MOST = 500;
/** A list may have been made just before a machine was there. */
const MARGIN_NS = secondsToNs(30);

/** Tells a polling agent what its machines are to become, and learns from its list which removals are done. */
@Answers(reconcileMachines)
export class ReconcileMachines implements Verb<typeof reconcileMachines> {
  constructor(
    private readonly contracts: ContractStates,
    private readonly database: Database,
    private readonly store: AssignmentStore,
    private readonly polled: PolledMachines,
    private readonly door: PollingDoor,
    private readonly availability: Availability,
  ) {}

  async run({ params, body }: VerbInput<typeof reconcileMachines>, { caller, requestId, now }: VerbContext) {
    const agent = requirePolling(caller, 'fetch_contracts', params.pubkey);
    await this.door.assertOpen(agent);
    const named = body.runningInstances.flatMap(({ contractId }) => contractId?.toLowerCase() ?? []);
    const known = await this.known(agent, [...new Set(named)]);
    const states = await this.contracts.statesOf(
      known.map(({ contractId }) => contractId),
      requestId,
    );
    const answer = classifyRunning(body.runningInstances, known, states);
    await this.database.query('update agent set unknown_machines = $2 where agent_public_key = $1', [
      agent.publicKey,
      answer.unknown.length,
    ]);
    const toGo = new Set(answer.terminate.map(({ contractId }) => contractId.toLowerCase()));
    await this.followRemovals(agent, new Set(named), toGo, now);
    await this.followStanding(agent, new Set(named), now);
    return answer;
  }

  private known(agent: PollingAgent, contractIds: readonly string[]): Promise<KnownContract[]> {
    return this.database.query<KnownContract>(
      `select a.contract_id as "contractId", a.state = 'ended' as "hasEnded", own.desired,
         wanted.external_id as "acceptedExternalId",
         a.state in ('waiting', 'offered', 'claimed', 'provisioned') as "isWanted"
       from assignment a
       left join lateral (select m.desired from machine m
         where m.contract_id = a.contract_id and m.agent_public_key = $2
         order by m.generation desc limit 1) own on true
       left join machine wanted on wanted.contract_id = a.contract_id and wanted.generation = a.generation
         and wanted.desired = 'running' and wanted.state = 'provisioned'
       where a.contract_id = any($3::text[]) and a.provider_public_key = $1`,
      [agent.providerPublicKey, agent.publicKey, contractIds],
    );
  }

  private async followRemovals(
    agent: PollingAgent,
    running: ReadonlySet<string>,
    toGo: ReadonlySet<string>,
    now: bigint,
  ): Promise<void> {
    const open = await this.database.query<{ contractId: string }>(
      `select distinct m.contract_id as "contractId" from machine m join assignment a using (contract_id)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'absent' and m.state <> 'gone'
       order by 1 limit $3`,
      [agent.publicKey, agent.providerPublicKey, REMOVALS_AT_MOST],
    );
    for (const { contractId } of open) {
      await this.polled.withContract(agent, contractId, async ({ sql, machines }) => {
        const own = machines.filter(({ agentPublicKey }) => agentPublicKey === agent.publicKey);
        for (const machine of findGone(own, running.has(contractId), now)) {
          await this.polled.tell(sql, machine, { kind: 'terminated' }, now);
        }
        if (!toGo.has(contractId)) return;
        for (const machine of own.filter((one) => one.desired === 'absent' && one.toldToGoAtNs === null)) {
          await this.store.changeMachine(sql, machine, { toldToGoAtNs: now }, now);
        }
      });
    }
  }

  /** Its list has only what runs: what is not in it does not run, and may still be there. */
  private async followStanding(
    agent: PollingAgent,
    running: ReadonlySet<string>,
    now: bigint,
  ): Promise<void> {
    const changed = await this.database.query<{ contractId: string }>(
      `select m.contract_id as "contractId" from machine m join assignment a using (contract_id, generation)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'running'
         and m.state = 'provisioned' and m.settled_at_ns < $3
         and case when m.contract_id = any($4::text[]) then m.availability <> 'up' or m.lost_at_ns is not null
           else m.availability = 'up' end
       order by 1 limit $5`,
      [agent.publicKey, agent.providerPublicKey, now - MARGIN_NS, [...running], CHANGES_AT_MOST],
    );
    for (const { contractId } of changed) {
      await this.polled.withContract(agent, contractId, async (inHand) => {
        const { sql, assignment, own } = inHand;
        if (!own || !isCurrent(inHand) || own.state !== 'provisioned') return;
        const seen = running.has(contractId) ? 'running' : 'absent';
        await this.availability.note(sql, assignment, own, standingAfter(own, seen, now, null), now);
      });
    }
  }
}
