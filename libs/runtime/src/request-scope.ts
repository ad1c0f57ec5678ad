import { AsyncLocalStorage } from 'node:async_hooks';
import { tooLate } from './door.ts';

/** What a request that is worked on has with it everywhere: in log lines, at the database, when others are asked. */
interface RequestScope {
  readonly requestId: string;
  /** `performance.now()` at which nobody waits any more; absent when the work is nobody's request. */
  readonly lateAtMs?: number;
  /** Something was committed for it: from then on it is brought to an end, late or not. */
  hasChanged: boolean;
}

const scopes = new AsyncLocalStorage<RequestScope>();

/** Runs work whose log lines carry this id, and which must not begin to change anything after `lateAtMs`. */
export function withRequestId<T>(requestId: string, work: () => T, lateAtMs?: number): T {
  return scopes.run({ requestId, hasChanged: false, ...(lateAtMs !== undefined && { lateAtMs }) }, work);
}

export function currentRequestId(): string | undefined {
  return scopes.getStore()?.requestId;
}

/** Milliseconds until nobody waits any more; undefined when there is no such moment, or it does not count any more. */
export function timeLeftMs(): number | undefined {
  const scope = scopes.getStore();
  if (scope?.lateAtMs === undefined || scope.hasChanged) return undefined;
  return scope.lateAtMs - performance.now();
}

/** @throws Refusal when nobody waits any more for what would be begun now */
export function assertInTime(): void {
  const left = timeLeftMs();
  if (left !== undefined && left <= 0) throw tooLate();
}

/** Runs what takes something back, or notes what has happened: that is done late, too. */
export function regardlessOfTime<T>(work: () => T): T {
  const scope = scopes.getStore();
  return scope ? scopes.run({ requestId: scope.requestId, hasChanged: true }, work) : work();
}

/** Something was committed. */
export function noteChange(): void {
  const scope = scopes.getStore();
  if (scope) scope.hasChanged = true;
}
