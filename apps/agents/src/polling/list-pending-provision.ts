import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { listPendingProvision } from '@decent-cloud/messages/agent-polling';
import { Database } from '@decent-cloud/postgres';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import type { Assignment } from '../assignment/assignment.store.ts';
import { PollingDoor } from './polling-door.ts';
import { requirePolling } from './speakers.ts';

const AT_MOST = 200;

/** What the coordinator gave to this agent and it has not in hand. */
@Answers(listPendingProvision)
export class ListPendingProvision implements Verb<typeof listPendingProvision> {
  constructor(
    private readonly database: Database,
    private readonly door: PollingDoor,
  ) {}

  async run({ params }: VerbInput<typeof listPendingProvision>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'fetch_contracts', params.pubkey);
    await this.door.assertOpen(agent);
    if (agent.poolId === undefined) {
      const text = 'Agent must belong to a pool. Re-register using a setup token.';
      throw new Refusal('PRECONDITION', 'POOL_NOT_FOUND', text);
    }
    const rows = await this.database.query<{ contractId: string; spec: Assignment['spec'] }>(
      `select a.contract_id as "contractId", a.spec from machine m join assignment a using (contract_id, generation)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'running'
         and m.state in ('offered', 'claimed') and a.deadline_ns > $3
         and (m.lease_expires_at_ns is null or m.lease_expires_at_ns <= $3)
       order by a.created_at_ns, a.contract_id limit $4`,
      [agent.publicKey, agent.providerPublicKey, now, AT_MOST],
    );
    return rows.map(({ contractId, spec }) => ({
      contract_id: contractId,
      offering_id: spec.offeringId,
      requester_ssh_pubkey: spec.sshPublicKeys[0] ?? '',
      ...(spec.cpuCores !== undefined && { cpu_cores: BigInt(spec.cpuCores) }),
      ...(spec.memoryMb !== undefined && { memory_amount: `${spec.memoryMb} MB` }),
      ...(spec.storageGb !== undefined && { storage_capacity: `${spec.storageGb} GB` }),
      ...(spec.provisionerType !== undefined && { provisioner_type: spec.provisionerType }),
      ...(spec.provisionerConfig !== undefined && { provisioner_config: spec.provisionerConfig }),
      ...(spec.postProvisionScript !== undefined && { post_provision_script: spec.postProvisionScript }),
    }));
  }
}
