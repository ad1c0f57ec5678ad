import { CliError, EXIT, failureOf } from '../exit.ts';
import type { Session } from '../session.ts';

export interface Step {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  readonly message?: string;
}

/** Runs steps one after the other and remembers how each ended. */
export class Steps {
  readonly done: Step[] = [];
  constructor(private readonly session: Session) {}

  /** Runs a step; its failure is noted and goes on. */
  async run<T>(name: string, step: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const value = await step();
      this.add({ name, outcome: 'passed', ms: Math.round(performance.now() - startedAt) });
      return value;
    } catch (error) {
      const ms = Math.round(performance.now() - startedAt);
      this.add({ name, outcome: 'failed', ms, message: failureOf(error).message });
      throw error;
    }
  }

  skip(name: string, why: string): void {
    this.add({ name, outcome: 'skipped', ms: 0, message: why });
  }

  private add(step: Step): void {
    this.done.push(step);
    const mark = { passed: '✓', failed: '✗', skipped: '-' }[step.outcome];
    this.session.note(`${mark} ${step.name}${step.message ? `: ${step.message}` : ` (${step.ms} ms)`}`);
  }

  count(outcome: Step['outcome']): number {
    return this.done.filter((step) => step.outcome === outcome).length;
  }
}

/** What must hold. @throws CliError */
export function mustHold(holds: boolean, message: string): asserts holds {
  if (!holds) throw new CliError(EXIT.failure, 'E2E_FAILED', message);
}
