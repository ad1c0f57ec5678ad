import { Refusal } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { Availability } from './availability.ts';

const NAMED_AT_MOST = 20;

/** The machines of an agent that is to be revoked. */
@Injectable()
export class GivenUpMachines {
  constructor(
    private readonly store: AssignmentStore,
    private readonly availability: Availability,
  ) {}

  /** Contracts are locked before agents: whoever revokes takes these first. */
  async lockContracts(sql: Sql, agentPublicKey: string): Promise<string[]> {
    const held: string[] = [];
    for (const contractId of await this.store.runningAt(sql, agentPublicKey)) {
      if (await this.store.lock(sql, contractId)) held.push(contractId);
    }
    return held;
  }

  /** Nobody reaches them any more: they are lost, and their contracts are told. */
  async giveUp(sql: Sql, agentPublicKey: string, contractIds: readonly string[], now: bigint): Promise<void> {
    for (const contractId of contractIds) {
      const assignment = await this.store.lock(sql, contractId);
      const machine = (await this.store.machines(sql, contractId)).find(
        ({ generation }) => generation === assignment?.generation,
      );
      if (!assignment || machine?.agentPublicKey !== agentPublicKey || machine.desired !== 'running')
        continue;
      const next = { availability: 'lost', lostAtNs: machine.lostAtNs ?? now, sinceNs: now } as const;
      await this.availability.note(sql, assignment, machine, next, now);
    }
  }
}

/** With the list of what has to be ended, or given up, first. */
export function hasMachines(contractIds: readonly string[]): Refusal {
  const { length } = contractIds;
  const named = contractIds.slice(0, NAMED_AT_MOST).join(', ');
  const more = length > NAMED_AT_MOST ? ` and ${length - NAMED_AT_MOST} more` : '';
  return new Refusal(
    'CONFLICT',
    'AGENT_HAS_MACHINES',
    `The agent has the machines of ${length} contracts that run: ${named}${more}`,
  );
}
