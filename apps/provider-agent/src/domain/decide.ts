import type { DesiredMachine } from './machine.ts';
import type { MachineRecord } from './record.ts';

/** What a command asks of the agent. `create` and `remove` look at the real machine before they act. */
export type Decision =
  | { readonly act: 'create' }
  | { readonly act: 'remove' }
  | { readonly act: 'stop' }
  | { readonly act: 'resume' }
  /** It is done already: the stored result goes out again. */
  | { readonly act: 'repeat-result' }
  | { readonly act: 'nothing'; readonly why: 'stale' | 'removed' | 'unknown' | 'over' | 'as-wanted' };

const nothing = (why: Extract<Decision, { act: 'nothing' }>['why']): Decision => ({ act: 'nothing', why });

/**
 * Desired against known. The generation is the fence: an older command changes nothing, and within one generation
 * `absent` is final. What nobody wants explicitly absent is never removed.
 */
export function decide(
  desired: Pick<DesiredMachine, 'generation' | 'desired' | 'endsAtNs'>,
  record: MachineRecord | undefined,
  nowNs: bigint,
): Decision {
  if (record && record.generation > desired.generation) return nothing('stale');
  const sameGeneration = record?.generation === desired.generation;
  if (desired.desired === 'absent') {
    return sameGeneration && record.phase === 'gone' ? { act: 'repeat-result' } : { act: 'remove' };
  }
  if (desired.desired === 'stopped') return decideStopped(record, sameGeneration);
  if (!sameGeneration) return { act: 'create' };
  switch (record.phase) {
    case 'creating':
      return { act: 'create' };
    case 'running':
    case 'failed':
      return { act: 'repeat-result' };
    case 'stopped':
      return isOver(desired.endsAtNs, nowNs) ? nothing('over') : { act: 'resume' };
    case 'gone':
      return { act: 'repeat-result' };
    case 'removing':
      return nothing('removed');
  }
}

function decideStopped(record: MachineRecord | undefined, sameGeneration: boolean): Decision {
  if (!record) return nothing('unknown');
  if (record.phase === 'running') return { act: 'stop' };
  if (record.phase === 'stopped') return nothing('as-wanted');
  return nothing(sameGeneration && record.phase !== 'creating' ? 'removed' : 'unknown');
}

export const isOver = (endsAtNs: string | undefined, nowNs: bigint): boolean =>
  endsAtNs !== undefined && BigInt(endsAtNs) <= nowNs;

/** With nobody to ask, machines whose paid time is over are put out of service; destroying takes a command. */
export function dueEndings(
  records: Iterable<MachineRecord>,
  nowNs: bigint,
  connected: boolean,
): MachineRecord[] {
  if (connected) return [];
  return [...records].filter((record) => record.phase === 'running' && isOver(record.endsAtNs, nowNs));
}

/** May a machine that was found be changed by a command of this generation? */
export function mayTouch(
  found: { readonly generation: number; readonly agent: string; readonly environment: string } | undefined,
  order: { readonly generation: number; readonly agent: string; readonly environment: string },
): 'yes' | 'newer' | 'foreign' {
  if (!found) return 'yes';
  if (found.agent !== order.agent || found.environment !== order.environment) return 'foreign';
  return found.generation > order.generation ? 'newer' : 'yes';
}
