import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { DnsRecordStore } from '../dns/dns-record.store.ts';
import { AssignmentStore } from './assignment/assignment.store.ts';
import { MachineActions } from './machine-actions/machine-actions.ts';
import { Removals } from './removals/removals.ts';

/** Over for good: every attempt at the machine is to go. */
@Reacts(facts.contractEnded)
export class OnContractEnded implements Reaction<typeof facts.contractEnded> {
  constructor(
    private readonly store: AssignmentStore,
    private readonly removals: Removals,
    private readonly operations: MachineActions,
    private readonly names: DnsRecordStore,
  ) {}

  async react({ contractId }: FactPayload<typeof facts.contractEnded>, { sql, now }: ReactionContext) {
    if (await this.store.insertEnded(sql, contractId, now)) return;
    const assignment = await this.store.lock(sql, contractId);
    if (!assignment || assignment.state === 'ended') return;
    const ended = { ...assignment, state: 'ended' as const };
    await this.store.change(sql, contractId, { state: 'ended', dueAtNs: null, retryAgent: null }, now);
    await this.names.leaveToGo(sql, contractId, now);
    await this.operations.giveUpAll(sql, contractId, 'CONTRACT_ENDED', now);
    for (const machine of await this.store.machines(sql, contractId)) {
      if (machine.desired === 'running') await this.removals.command(sql, machine, now);
      else if (machine.state === 'gone' && machine.generation === assignment.generation) {
        await this.removals.sayRemoved(sql, ended, machine, now);
      }
    }
  }
}
