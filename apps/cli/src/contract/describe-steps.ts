import { ApiError, type CallOptions } from '@decent-cloud/client';
import type { RentalStep } from '@decent-cloud/messages/contracts';
import { getContractSteps } from '@decent-cloud/messages/contracts';
import { plain, time } from '../print.ts';
import type { Session } from '../session.ts';

const MARKS: Readonly<Record<RentalStep['state'], string>> = {
  waiting: '·',
  running: '▸',
  done: '✓',
  failed: '✗',
  skipped: '-',
  undoing: '◂',
  undone: '↩',
};

/** The steps of a rental; undefined at a platform that does not know them. */
export async function askForSteps(
  session: Session,
  id: string,
  options: CallOptions = {},
): Promise<readonly RentalStep[] | undefined> {
  try {
    return (await session.call(getContractSteps, { params: { id } }, options)).steps;
  } catch (error) {
    const isUnknown =
      error instanceof ApiError && error.status === 404 && error.reason !== 'CONTRACT_NOT_FOUND';
    if (isUnknown) return undefined;
    throw error;
  }
}

/** Every step in a line of its own, in order. */
export function describeSteps(steps: readonly RentalStep[]): string {
  return steps.map((step) => `${describeStep(step)}\n`).join('');
}

/** `▸ make machine   running 4 s of about 60 s, attempt 2` */
export function describeStep(step: RentalStep): string {
  return `${MARKS[step.state]} ${step.name.replaceAll('-', ' ').padEnd(15)} ${howFar(step)}`;
}

function howFar(step: RentalStep): string {
  const { state, actualSeconds, expectedSeconds, attempts, dueAtNs, text } = step;
  const took = actualSeconds === undefined ? '' : ` ${inSeconds(actualSeconds)}`;
  switch (state) {
    case 'waiting':
      return state;
    case 'failed':
    case 'skipped':
      return `${state}: ${plain(text)}`;
    case 'done':
    case 'undone':
      return `${state}${took}${(attempts ?? 1) > 1 ? `, ${attempts} attempts` : ''}`;
    case 'running':
    case 'undoing': {
      const about = expectedSeconds === undefined ? '' : ` of about ${expectedSeconds} s`;
      const again = (attempts ?? 1) > 1 ? `, attempt ${attempts}` : '';
      // Only people are waited for: until when is what matters then.
      const until = expectedSeconds === undefined && dueAtNs !== undefined ? `, until ${time(dueAtNs)}` : '';
      return `${state}${took}${about}${again}${until}`;
    }
  }
}

const inSeconds = (seconds: number): string =>
  `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;

/** Tells each step once in every state that it is seen in. */
export class StepNotes {
  private readonly told = new Set<string>();

  news(steps: readonly RentalStep[]): readonly RentalStep[] {
    return steps.filter((step) => {
      const key = `${step.name} ${step.state} ${step.attempts ?? 1}`;
      if (step.state === 'waiting' || this.told.has(key)) return false;
      this.told.add(key);
      return true;
    });
  }
}
