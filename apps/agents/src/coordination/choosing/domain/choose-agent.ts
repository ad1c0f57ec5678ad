import { secondsToNs } from '@decent-cloud/kernel';
import { isHealthy, isOnline } from '../../../registry/agent/domain/liveness.ts';
import type { Attempt } from '../../assignment/domain/attempt.ts';
import { isRuledOut } from '../../assignment/domain/retry-policy.ts';

export interface Candidate {
  readonly agentPublicKey: string;
  /** Null when it was never connected to the broker. */
  readonly accountPublicKey: string | null;
  /** It fetches its work over HTTP. */
  readonly polls: boolean;
  readonly lastHeartbeatNs: bigint | null;
  readonly provisionerTypes: readonly string[];
  readonly activeContracts: number;
  /** As it said in its last heartbeat. */
  readonly freeSlots: number;
  /** Given to it since, so not in that number yet. */
  readonly offeredSince: number;
}

export interface Wanted {
  readonly provisionerType: string | undefined;
  /** Gets the next attempt if it can. */
  readonly retryAgent: string | null;
}

/** After no room, no claim or no sign of life an agent is not asked again for so long. */
const REST_SECONDS = 60;

/** The healthy agent with room that had the fewest attempts at this contract, then the most room, then the least work. */
export function chooseAgent(
  candidates: readonly Candidate[],
  attempts: readonly Attempt[],
  wanted: Wanted,
  now: bigint,
): Candidate | undefined {
  const able = candidates.filter(
    (candidate) =>
      isAtWork(candidate, now) &&
      makesSuch(candidate, wanted) &&
      roomOf(candidate) > 0 &&
      !isRuledOut(candidate.agentPublicKey, attempts),
  );
  const again = able.find(({ agentPublicKey }) => agentPublicKey === wanted.retryAgent);
  if (again) return again;
  const triesOf = ({ agentPublicKey }: Candidate) =>
    attempts.filter((attempt) => attempt.agentPublicKey === agentPublicKey).length;
  return able
    .filter(({ agentPublicKey }) => !isResting(agentPublicKey, attempts, now))
    .sort(
      (a, b) =>
        triesOf(a) - triesOf(b) ||
        roomOf(b) - roomOf(a) ||
        a.activeContracts - b.activeContracts ||
        (a.agentPublicKey < b.agentPublicKey ? -1 : 1),
    )[0];
}

/** Is there an agent that may yet make it: one that lives, full or at rest as it may be now, and is not ruled out? */
export const isAnyoneLeft = (
  candidates: readonly Candidate[],
  attempts: readonly Attempt[],
  wanted: Pick<Wanted, 'provisionerType'>,
  now: bigint,
): boolean =>
  candidates.some(
    (candidate) =>
      isOnline(candidate.lastHeartbeatNs, now) &&
      makesSuch(candidate, wanted) &&
      !isRuledOut(candidate.agentPublicKey, attempts),
  );

/** An agent that polls beats seldom, and not at all while it makes a machine. */
const isAtWork = ({ polls, lastHeartbeatNs }: Candidate, now: bigint) =>
  polls ? isOnline(lastHeartbeatNs, now) : isHealthy(lastHeartbeatNs, now);

const roomOf = ({ freeSlots, offeredSince }: Candidate) => freeSlots - offeredSince;

const makesSuch = ({ provisionerTypes }: Candidate, { provisionerType }: Pick<Wanted, 'provisionerType'>) =>
  provisionerType === undefined || provisionerTypes.includes(provisionerType);

function isResting(agentPublicKey: string, attempts: readonly Attempt[], now: bigint): boolean {
  return attempts.some(
    (attempt) =>
      attempt.agentPublicKey === agentPublicKey &&
      (attempt.outcome === 'capacity' || attempt.outcome === 'unclaimed' || attempt.outcome === 'silent') &&
      attempt.settledAtNs !== null &&
      now - attempt.settledAtNs < secondsToNs(REST_SECONDS),
  );
}
