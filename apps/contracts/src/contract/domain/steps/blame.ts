import type { Reason } from '@decent-cloud/kernel';
import type { StepName } from '@decent-cloud/messages/process';
import type { Contract } from '../contract.ts';
import type { FinalStatus } from '../status.ts';

/** What an end did to a step that was not done. */
export type Verdict = { readonly state: 'failed' | 'skipped'; readonly reason: Reason } | undefined;

/**
 * How the end of a rental shows in a step that was not done. The one that was `current` failed or was cut off; a request
 * that the provider turns down fails at the provider, paid or not. Undefined: it is only not needed any more.
 */
export function verdictOn(step: StepName, current: StepName, contract: Contract): Verdict {
  const status = contract.status as FinalStatus;
  const reason = contract.endReason ?? unwritten(contract, current);
  const isTurnedDown = status === 'rejected' && contract.acceptedAtNs === null;
  if (isTurnedDown && step === 'accept') return { state: 'failed', reason };
  if (step !== current) return undefined;
  const isCutOff = isTurnedDown || reason === 'CANCELLED_BY_TENANT' || reason === 'TERM_ENDED';
  return { state: isCutOff ? 'skipped' : 'failed', reason };
}

/** For ends whose reason nobody wrote down. */
function unwritten({ status, paymentStatus }: Contract, current: StepName): Reason {
  switch (status) {
    case 'rejected':
      return 'REJECTED_BY_PROVIDER';
    case 'provisioningfailed':
      return current === 'assign-agent' ? 'NO_AGENT_AVAILABLE' : 'PROVISIONING_FAILED';
    case 'expired':
      return (
        ({ pay: 'PAYMENT_TIMEOUT', accept: 'RESPONSE_TIMEOUT' } as const)[current as 'pay'] ?? 'TERM_ENDED'
      );
    default:
      return paymentStatus === 'failed' ? 'INSUFFICIENT_BALANCE' : 'CANCELLED_BY_TENANT';
  }
}
