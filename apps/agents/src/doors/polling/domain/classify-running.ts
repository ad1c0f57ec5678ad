import type { AnswerInput } from '@decent-cloud/messages';
import type { reconcileMachines } from '@decent-cloud/messages/agents/polling';

export interface KnownContract {
  readonly contractId: string;
  readonly hasEnded: boolean;
  /** What the agent's newest machine of the contract is to be; null when it never got the contract. */
  readonly desired: 'running' | 'absent' | null;
  /** What the attempt that counts has made, whoever makes it; null while nothing is there, or nothing is to be. */
  readonly acceptedExternalId: string | null;
  /** Somebody is to have, or to make, the machine. */
  readonly isWanted: boolean;
}

/** What the contracts service says; absent when it does not know the contract (yet). */
export interface ContractState {
  readonly status: string;
  readonly endsAtNs?: bigint | undefined;
}

type Running = { readonly externalId: string; readonly contractId?: string | undefined };

/** Terminate what was ordered away or whose contract has ended; `known` has the provider's contracts only. */
export function classifyRunning(
  running: readonly Running[],
  known: readonly KnownContract[],
  states: ReadonlyMap<string, ContractState>,
): AnswerInput<typeof reconcileMachines> {
  const contracts = new Map(known.map((contract) => [contract.contractId, contract]));
  const answer: AnswerInput<typeof reconcileMachines> = { keep: [], terminate: [], unknown: [], pause: [] };
  for (const { externalId, contractId } of running) {
    const contract = contractId === undefined ? undefined : contracts.get(contractId.toLowerCase());
    if (contractId === undefined) {
      answer.unknown.push({ externalId, message: 'No contract ID' });
      continue;
    }
    if (!contract) {
      answer.unknown.push({ externalId, message: `No contract found with ID: ${contractId}` });
      continue;
    }
    const state = states.get(contract.contractId);
    if (isToGo(contract, externalId)) {
      const reason = state?.status === 'expired' ? 'expired' : 'cancelled';
      answer.terminate.push({ externalId, contractId, reason });
    } else if (state?.status === 'paused') {
      answer.pause.push({ externalId, contractId, reason: 'The contract is paused' });
    } else {
      answer.keep.push({ externalId, contractId, endsAt: state?.endsAtNs ?? 0n });
    }
  }
  return answer;
}

/**
 * Two agents may see the same machines: one that lost the contract must not destroy what the other has made, or is
 * making right now.
 */
function isToGo(contract: KnownContract, externalId: string): boolean {
  if (contract.hasEnded) return true;
  if (contract.desired !== 'absent') return false;
  if (!contract.isWanted) return true;
  return contract.acceptedExternalId !== null && contract.acceptedExternalId !== externalId;
}
