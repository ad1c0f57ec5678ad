import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { Coordinator } from './coordinator.ts';

/** Somebody has to make this machine; if the contract is known already (or has ended) nothing is left to do. */
@Reacts(facts.contractAccepted)
export class OnContractAccepted implements Reaction<typeof facts.contractAccepted> {
  constructor(
    private readonly store: AssignmentStore,
    private readonly coordinator: Coordinator,
  ) {}

  async react(fact: FactPayload<typeof facts.contractAccepted>, { sql, now }: ReactionContext) {
    const isNew = await this.store.insert(
      sql,
      {
        contractId: fact.contractId,
        providerPublicKey: fact.providerPublicKey,
        providerAccountId: fact.providerAccountId ?? null,
        tenantPublicKey: fact.requesterPublicKey,
        tenantAccountId: fact.requesterAccountId,
        agentPoolId: fact.agentPoolId ?? null,
        datacenterCountry: fact.datacenterCountry,
        spec: fact.spec,
        encryptionPublicKeys: fact.encryptionPublicKeys,
        deadlineNs: fact.deadlineNs,
      },
      now,
    );
    const assignment = isNew ? await this.store.lock(sql, fact.contractId) : undefined;
    if (assignment) await this.coordinator.assign(sql, assignment, now);
  }
}
