import type { ArmedPoint } from '@decent-cloud/kernel/crash-file';
import { eventually } from '@decent-cloud/testing';
import type { CrashControl } from './crash-control.ts';

/** Points whose way needs a fault of its own before it is taken: while one of them is armed, this is too. */
export type Helper = (point: string) => ArmedPoint | undefined;

/** So many points of a service are armed at the same time: one that is passed seldom does not hold up the others. */
const AT_ONCE = 3;

/**
 * Kills at every point, each once, in all services at the same time. The next points are armed as soon as earlier ones
 * have been hit.
 * @throws when nothing was hit for so long that the rest will not be passed any more
 */
export async function killAtEach(
  control: CrashControl,
  points: readonly string[],
  options: {
    readonly helper: Helper;
    /** Also to be killed at when they are passed, once each. */
    readonly besides: () => readonly string[];
    readonly deadlineMs: number;
  },
): Promise<void> {
  const lanes = Map.groupBy(points, (point) => point.split(':')[0]);
  const wanted = (): string[] => {
    const hit = new Set(control.hits().map(({ id }) => id));
    return [...lanes.values()].flatMap((lane) => lane.filter((point) => !hit.has(point)).slice(0, AT_ONCE));
  };
  let armed: string[] = [];
  for (let left = wanted(); left.length > 0; left = wanted()) {
    armed = left;
    control.arm([
      ...armed.flatMap((point) => [options.helper(point) ?? [], killOnce(point)].flat()),
      ...options.besides().map(killOnce),
    ]);
    await eventually(() => wanted().join() !== armed.join(), {
      deadlineMs: options.deadlineMs,
      everyMs: 50,
      what: `one of these being passed: ${armed.join(', ')}`,
    });
  }
}

const killOnce = (point: string): ArmedPoint => ({ id: point, point, action: 'kill', times: 1 });
