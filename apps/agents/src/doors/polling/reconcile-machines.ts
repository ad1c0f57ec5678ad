import { secondsToNs } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { reconcileMachines } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AssignmentStore } from '../../coordination/assignment/assignment.store.ts';
import { Availability } from '../../coordination/availability/availability.ts';
import { standingAfter } from '../../coordination/availability/domain/availability.ts';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import { type PollingAgent, requirePolling } from '../../registry/agent/speakers.ts';
import { ContractStates } from './contract-states.ts';
import { classifyRunning } from './domain/classify-running.ts';
import { findGone } from './domain/find-gone.ts';
import { PolledContractStore } from './polled-contract.store.ts';
import { isCurrent, PolledMachines } from './polled-machines.ts';
import { PollingDoor } from './polling-door.ts';

const REMOVALS_AT_MOST = 500;
const CHANGES_AT_MOST = 500;
/** A list may have been made just before a machine was there. */
const MARGIN_NS = secondsToNs(30);

/** Tells a polling agent what its machines are to become, and learns from its list which removals are done. */
@Answers(reconcileMachines)
export class ReconcileMachines implements Verb<typeof reconcileMachines> {
  constructor(
    private readonly contracts: ContractStates,
    private readonly store: PolledContractStore,
    private readonly assignments: AssignmentStore,
    private readonly agents: AgentStore,
    private readonly polled: PolledMachines,
    private readonly door: PollingDoor,
    private readonly availability: Availability,
  ) {}

  async run({ params, body }: VerbInput<typeof reconcileMachines>, { caller, requestId, now }: VerbContext) {
    const agent = requirePolling(caller, 'fetch_contracts', params.pubkey);
    await this.door.assertOpen(agent);
    const named = body.runningInstances.flatMap(({ contractId }) => contractId?.toLowerCase() ?? []);
    const known = await this.store.knownOf(agent, [...new Set(named)]);
    const states = await this.contracts.statesOf(
      known.map(({ contractId }) => contractId),
      requestId,
    );
    const answer = classifyRunning(body.runningInstances, known, states);
    await this.agents.noteUnknownMachines(agent.publicKey, answer.unknown.length);
    const toGo = new Set(answer.terminate.map(({ contractId }) => contractId.toLowerCase()));
    await this.followRemovals(agent, new Set(named), toGo, now);
    await this.followStanding(agent, new Set(named), now);
    return answer;
  }

  private async followRemovals(
    agent: PollingAgent,
    running: ReadonlySet<string>,
    toGo: ReadonlySet<string>,
    now: bigint,
  ): Promise<void> {
    for (const contractId of await this.store.removalsOf(agent, REMOVALS_AT_MOST)) {
      await this.polled.withContract(agent, contractId, async ({ sql, machines }) => {
        const own = machines.filter(({ agentPublicKey }) => agentPublicKey === agent.publicKey);
        for (const machine of findGone(own, running.has(contractId), now)) {
          await this.polled.tell(sql, machine, { kind: 'terminated' }, now);
        }
        if (!toGo.has(contractId)) return;
        for (const machine of own.filter((one) => one.desired === 'absent' && one.toldToGoAtNs === null)) {
          await this.assignments.changeMachine(sql, machine, { toldToGoAtNs: now }, now);
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
    const madeBeforeNs = now - MARGIN_NS;
    const changed = await this.store.standingOtherwise(agent, [...running], madeBeforeNs, CHANGES_AT_MOST);
    for (const contractId of changed) {
      await this.polled.withContract(agent, contractId, async (inHand) => {
        const { sql, assignment, own } = inHand;
        if (!own || !isCurrent(inHand) || own.state !== 'provisioned') return;
        const seen = running.has(contractId) ? 'running' : 'absent';
        await this.availability.note(sql, assignment, own, standingAfter(own, seen, now, null), now);
      });
    }
  }
}
