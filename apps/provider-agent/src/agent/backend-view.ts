import type { Ambient } from '../ambient.ts';
import type { Backend, HostSize } from '../backends/backend.ts';
import type { FoundMachine } from '../domain/machine.ts';
import type { Logger } from '../log.ts';
import { isDoneWithin } from './within.ts';

export interface View {
  readonly machines: readonly FoundMachine[];
  readonly capacity: number;
  readonly hostSize?: HostSize | undefined;
}

const LONGEST_MS = 2_000;

/** Looks at the backend for those who cannot wait for it: one look at a time, and no answer in time is an answer too. */
export class BackendView {
  private readonly backend: Backend;
  private readonly logger: Logger;
  private looking: Promise<View> | undefined;
  private complained = false;
  /** Asked for once: a host rarely grows while its agent runs. */
  private hostSize: HostSize | undefined;

  constructor(
    backend: Backend,
    logger: Logger,
    private readonly ambient?: Pick<Ambient, 'after'>,
  ) {
    this.backend = backend;
    this.logger = logger;
  }

  /** What is there now; undefined when the backend does not say so in time. */
  async look(): Promise<View | undefined> {
    this.looking ??= this.ask().finally(() => {
      this.looking = undefined;
    });
    const { looking } = this;
    if (!(await isDoneWithin(looking, LONGEST_MS, this.ambient))) {
      this.complain({}, 'the backend does not say in time what is there');
      return undefined;
    }
    try {
      const view = await looking;
      this.complained = false;
      return view;
    } catch (error) {
      this.complain({ error }, 'the backend does not say what is there');
      return undefined;
    }
  }

  private async ask(): Promise<View> {
    const [machines, capacity] = await Promise.all([this.backend.list(), this.backend.capacity()]);
    this.hostSize ??= await this.backend.hostSize?.();
    return { machines, capacity, hostSize: this.hostSize };
  }

  private complain(details: object, text: string): void {
    if (!this.complained) this.logger.warn(details, text);
    this.complained = true;
  }
}
