import type { FailureClass } from '@decent-cloud/messages/words';
import type { Attempt } from './attempt.ts';

/** What follows a failed attempt. */
export type NextStep =
  | { readonly next: 'same-agent'; readonly afterSeconds: number }
  | { readonly next: 'another-agent' }
  /** This one is not asked again: without another one that may make it, it is over. */
  | { readonly next: 'only-others' }
  | { readonly next: 'give-up' };

/** Waits before the same agent tries again after something that passes. */
export const SAME_AGENT_WAITS_SECONDS = [5, 30, 120] as const;

/** @param attempts every attempt so far, the one that failed included */
export function stepAfterFailure(
  failure: FailureClass,
  agentPublicKey: string,
  attempts: readonly Attempt[],
): NextStep {
  switch (failure) {
    case 'permanent':
      return { next: 'give-up' };
    case 'config':
      return { next: 'only-others' };
    case 'capacity':
      return { next: 'another-agent' };
    case 'transient': {
      const afterSeconds = SAME_AGENT_WAITS_SECONDS[transientFailuresOf(agentPublicKey, attempts) - 1];
      return afterSeconds === undefined ? { next: 'only-others' } : { next: 'same-agent', afterSeconds };
    }
  }
}

export const transientFailuresOf = (agentPublicKey: string, attempts: readonly Attempt[]): number =>
  attempts.filter((attempt) => attempt.agentPublicKey === agentPublicKey && attempt.outcome === 'transient')
    .length;

/** It is not asked for this contract again: it can never make this machine, or has failed too often. */
export const isRuledOut = (agentPublicKey: string, attempts: readonly Attempt[]): boolean =>
  transientFailuresOf(agentPublicKey, attempts) > SAME_AGENT_WAITS_SECONDS.length ||
  attempts.some((attempt) => attempt.agentPublicKey === agentPublicKey && attempt.outcome === 'config');

const LONGEST_REPEAT_SECONDS = 600;

/** Wait before a command that was not answered is given again, the `commands`-th time having been given. */
export function commandRepeatSeconds(commands: number, firstSeconds: number): number {
  return Math.min(firstSeconds * 2 ** Math.min(Math.max(commands - 1, 0), 20), LONGEST_REPEAT_SECONDS);
}
