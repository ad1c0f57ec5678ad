import { secondsToNs } from '@decent-cloud/kernel';
import type { Machine } from '../../../coordination/assignment/rows.ts';
import { hasLease } from '../../../coordination/choosing/domain/polling.ts';

type Attempt = Pick<
  Machine,
  'generation' | 'desired' | 'state' | 'externalId' | 'absentSinceNs' | 'leaseExpiresAtNs' | 'toldToGoAtNs'
>;

/** A list may have been made just before something that it does not show. */
const MARGIN_NS = secondsToNs(30);

/**
 * Attempts of one agent at one contract of which nothing is left, as far as its list of running machines can tell. A
 * machine that once ran may only be switched off: it is gone when the agent says so, or when it was told to terminate
 * it and does not see it any more.
 */
export function findGone<A extends Attempt>(attempts: readonly A[], isRunning: boolean, now: bigint): A[] {
  const settled = (since: bigint | null) => since !== null && now - since > MARGIN_NS;
  const isSuperseded = ({ generation }: Attempt) =>
    attempts.some(
      (other) =>
        other.generation > generation &&
        other.desired === 'running' &&
        (other.state === 'claimed' || other.state === 'provisioned'),
    );
  return attempts.filter((attempt) => {
    if (attempt.desired !== 'absent' || attempt.state === 'gone') return false;
    // It shows in no list of pending contracts any more, so nobody will begin it.
    if (attempt.state === 'offered' || isSuperseded(attempt)) return true;
    if (isRunning || hasLease(attempt, now)) return false;
    const hasRun = attempt.state === 'provisioned' || attempt.externalId !== null;
    return settled(hasRun ? attempt.toldToGoAtNs : attempt.absentSinceNs);
  });
}
