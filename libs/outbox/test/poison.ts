import type { ConsumerDeclaration } from '@decent-cloud/messages';

export const READER: ConsumerDeclaration = {
  durable: 'poisoned',
  stream: 'FACTS',
  filterSubjects: ['evt.test.v1.said'],
  ackWaitSeconds: 3,
  maxAckPending: 512,
  maxDeliver: 50,
};
/** Shorter than in earnest, in the same proportion to the time that good messages take. */
export const DELAYS_MS = [1_000, 2_000, 2_000, 3_000, 3_000];
