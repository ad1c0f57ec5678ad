import { Refusal } from '@decent-cloud/kernel';
import type { MachineActionKind } from '@decent-cloud/messages/words';
import { Injectable } from '@nestjs/common';
import type {
  MachineAction,
  SealedCredential,
} from '../../coordination/machine-actions/domain/machine-action.ts';
import { MachineActionStore } from '../../coordination/machine-actions/machine-action.store.ts';
import type { Speaker } from '../../registry/agent/speakers.ts';
import { type ContractState, ContractStates } from './contract-states.ts';
import { PolledContractStore, type WaitingContract } from './polled-contract.store.ts';
import { PolledMachines } from './polled-machines.ts';
import { PollingDoor } from './polling-door.ts';

export interface Waiting {
  readonly action: MachineAction;
  readonly contract: WaitingContract;
  readonly state: ContractState;
}

/** What tenants want done inside of machines whose agents poll: listed, and finished as by an event of the agent. */
@Injectable()
export class WaitingActions {
  constructor(
    private readonly known: PolledContractStore,
    private readonly store: MachineActionStore,
    private readonly polled: PolledMachines,
    private readonly contracts: ContractStates,
    private readonly door: PollingDoor,
  ) {}

  /** Oldest first; contracts that the contracts service does not know any more are left out. */
  async list(speaker: Speaker, kind: MachineActionKind, requestId: string): Promise<Waiting[]> {
    await this.door.assertOpen(speaker);
    const actions = await (speaker.kind === 'agent'
      ? this.store.pendingOf(speaker.publicKey, kind)
      : this.store.pendingOfProvider(speaker.publicKey, kind));
    const ids = actions.map(({ contractId }) => contractId);
    const provider = speaker.kind === 'agent' ? speaker.providerPublicKey : speaker.publicKey;
    const rows = await this.known.ofProvider(ids, provider);
    const known = new Map(rows.map((row) => [row.contractId, row]));
    const states = await this.contracts.statesOf([...known.keys()], requestId);
    return actions.flatMap((action) => {
      const [contract, state] = [known.get(action.contractId), states.get(action.contractId)];
      return contract && state ? [{ action, contract, state }] : [];
    });
  }

  /** @throws Refusal when nothing of this kind waits for the speaker's machine */
  async finish(
    speaker: Speaker,
    contractId: string,
    kind: MachineActionKind,
    credentialsOf: (action: MachineAction) => SealedCredential[],
    now: bigint,
  ): Promise<void> {
    await this.polled.withContract(speaker, contractId, async ({ sql, own }) => {
      const action = await this.store.lockPending(sql, contractId, kind);
      if (!action || own?.generation !== action.generation || own.desired !== 'running') {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', NOTHING_WAITS[kind]);
      }
      const { actionId } = action;
      const credentials = credentialsOf(action);
      const payload = { operationId: actionId, kind, ...(credentials.length > 0 && { credentials }) };
      await this.polled.tell(sql, own, { kind: 'operation-done', payload }, now);
    });
  }
}

const NOTHING_WAITS: Readonly<Record<MachineActionKind, string>> = {
  'reset-password': 'No password reset waits for this machine',
  'rotate-ssh-key': 'No SSH key rotation waits for this machine',
};

/** Under both spellings. */
export function showWaiting({ action, contract, state }: Waiting) {
  const sshPublicKey = action.sshPublicKey ?? contract.spec.sshPublicKeys[0] ?? '';
  return {
    contract_id: contract.contractId,
    contractId: contract.contractId,
    requester_ssh_pubkey: sshPublicKey,
    requesterSshPubkey: sshPublicKey,
    ...(state.instanceDetails !== undefined && {
      provisioning_instance_details: state.instanceDetails,
      provisioningInstanceDetails: state.instanceDetails,
    }),
  };
}
