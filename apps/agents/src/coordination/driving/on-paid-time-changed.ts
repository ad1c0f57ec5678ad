import { secondsToNs } from '@decent-cloud/kernel';
import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { Commands } from '../../commands/commands.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { desiredRunning } from '../assignment/domain/next-step.ts';

/** As long as the stream of commands keeps them; snapshots carry it for good. */
const COMMAND_LIFE_SECONDS = 86_400;

/** The agent is told until when its machine is paid for: it goes by that when nobody can be asked. */
@Reacts(facts.paidTimeChanged)
export class OnPaidTimeChanged implements Reaction<typeof facts.paidTimeChanged> {
  constructor(
    private readonly store: AssignmentStore,
    private readonly commands: Commands,
  ) {}

  async react(fact: FactPayload<typeof facts.paidTimeChanged>, { sql, now }: ReactionContext) {
    const { contractId } = fact;
    await this.store.lock(sql, contractId);
    if (!(await this.store.setPaidTime(sql, fact, now))) return;
    const assignment = await this.store.lock(sql, contractId);
    if (assignment?.state !== 'provisioned') return;
    const { generation } = assignment;
    const agent = await this.store.listenerOf(sql, assignment);
    if (!agent) return;
    await this.commands.give(
      sql,
      {
        kind: 'provision',
        ...agent,
        machine: desiredRunning(assignment, generation, agent.sshPort),
        deadlineNs: now + secondsToNs(COMMAND_LIFE_SECONDS),
      },
      now,
    );
  }
}
