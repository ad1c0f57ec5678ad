import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { listPendingProvision } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { PolledContractStore } from './polled-contract.store.ts';
import { PollingDoor } from './polling-door.ts';

const AT_MOST = 200;

/** What the coordinator gave to this agent and it has not in hand. */
@Answers(listPendingProvision)
export class ListPendingProvision implements Verb<typeof listPendingProvision> {
  constructor(
    private readonly contracts: PolledContractStore,
    private readonly door: PollingDoor,
  ) {}

  async run({ params }: VerbInput<typeof listPendingProvision>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'fetch_contracts', params.pubkey);
    await this.door.assertOpen(agent);
    if (agent.poolId === undefined) {
      const text = 'Agent must belong to a pool. Re-register using a setup token.';
      throw new Refusal('PRECONDITION', 'POOL_NOT_FOUND', text);
    }
    const pending = await this.contracts.pendingOf(agent, now, AT_MOST);
    return pending.map(({ contractId, spec }) => ({
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
