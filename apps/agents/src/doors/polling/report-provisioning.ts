import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { reportProvisioning } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AssignmentStore } from '../../coordination/assignment/assignment.store.ts';
import type { Machine } from '../../coordination/assignment/rows.ts';
import { LEASE_SECONDS } from '../../coordination/choosing/domain/polling.ts';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import { requireSpeaker } from '../../registry/agent/speakers.ts';
import { readInstance } from './domain/read-instance.ts';
import { readStatus } from './domain/read-status.ts';
import { type InHand, isCurrent, PolledMachines } from './polled-machines.ts';
import { sealPassword } from './seal-password.ts';

const DONE = 'Provisioning status updated';

/** The answer to a repeated report is that of the first. */
@Answers(reportProvisioning)
export class ReportProvisioning implements Verb<typeof reportProvisioning> {
  constructor(
    private readonly polled: PolledMachines,
    private readonly store: AssignmentStore,
    private readonly agents: AgentStore,
  ) {}

  async run({ params, body }: VerbInput<typeof reportProvisioning>, { caller, now }: VerbContext) {
    const speaker = requireSpeaker(caller, 'provision');
    const status = readStatus(body.status);
    const details = body.instanceDetails ?? '';
    // Read before anything is done: a report that makes no sense changes nothing.
    const report = status === 'provisioned' ? readInstance(details) : undefined;
    const isTaken = await this.polled.withContract(speaker, params.id, async (inHand) => {
      const { own } = inHand;
      if (!own) throw notAllowed('Contract is in the hands of another agent');
      if (report) return await this.provisioned(inHand, own, report, now);
      if (status === 'failed') await this.failed(inHand, own, details, now);
      else await this.provisioning(inHand, own, now);
      return true;
    });
    if (!isTaken) throw tooLate();
    return DONE;
  }

  /** It has begun, or is still at it: the lease is lengthened. */
  private async provisioning(inHand: InHand, own: Machine, now: bigint): Promise<void> {
    if (!isCurrent(inHand)) throw tooLate();
    if (own.state === 'provisioned') return;
    await this.polled.tell(inHand.sql, own, { kind: 'claimed' }, now);
    const leaseExpiresAtNs = now + secondsToNs(LEASE_SECONDS);
    await this.store.changeMachine(inHand.sql, own, { leaseExpiresAtNs }, now);
  }

  /** False when nobody wants the machine any more; that it is there is remembered until the agent has removed it. */
  private async provisioned(
    inHand: InHand,
    own: Machine,
    { instance, rootPassword }: ReturnType<typeof readInstance>,
    now: bigint,
  ): Promise<boolean> {
    const { sql, assignment } = inHand;
    if (own.state === 'provisioned' && isCurrent(inHand)) return true;
    if (!isCurrent(inHand)) {
      const { externalId } = instance;
      await this.store.changeMachine(
        sql,
        own,
        { externalId, madeByPolling: true, leaseExpiresAtNs: null },
        now,
      );
      return false;
    }
    const { contractId, spec, encryptionPublicKeys } = assignment;
    const payload = {
      instance: { ...instance, provisionerType: spec.provisionerType ?? (await this.typeOf(inHand, own)) },
      credentials:
        rootPassword === undefined ? [] : sealPassword(contractId, encryptionPublicKeys, rootPassword),
    };
    await this.polled.tell(sql, own, { kind: 'provisioned', payload }, now);
    await this.store.changeMachine(sql, own, { madeByPolling: true }, now);
    return true;
  }

  private async failed(inHand: InHand, own: Machine, details: string, now: bigint): Promise<void> {
    if (own.outcome !== null || own.desired === 'absent') return;
    if (own.state === 'provisioned') throw notAllowed('The machine is provisioned already');
    const message = details.slice(0, 2_000);
    const payload = {
      class: 'permanent' as const,
      code: 'PROVISIONING_FAILED' as const,
      message,
      resourcesLeft: [],
    };
    await this.polled.tell(inHand.sql, own, { kind: 'failed', payload }, now);
  }

  private async typeOf({ sql }: InHand, { agentPublicKey }: Machine): Promise<string> {
    return (await this.agents.find(agentPublicKey, sql))?.provisionerTypes[0] ?? 'unknown';
  }
}

const notAllowed = (text: string) => new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', text);
const tooLate = () => notAllowed('Contract is not in the hands of this agent any more');
