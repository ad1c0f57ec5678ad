import type { FailureClass } from '@decent-cloud/messages/words';

/** Why an attempt at a machine ended. */
export type Outcome =
  | 'unclaimed'
  | 'silent'
  | 'timeout'
  | FailureClass
  /** It was made, and was not there any more. */
  | 'lost';

/** What is known of earlier attempts at the same contract. */
export interface Attempt {
  readonly agentPublicKey: string;
  readonly outcome: Outcome | null;
  readonly settledAtNs: bigint | null;
}
