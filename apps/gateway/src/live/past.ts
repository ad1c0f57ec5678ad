import type { Logger } from '@decent-cloud/runtime';
import type { FactReader } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';
import { changeOf } from './live-hub.ts';
import type { Page } from './live-listener.ts';

/** A client that was away for longer looks at everything again. */
const LONGEST_GAP_MESSAGES = 20_000;
const PAGE_MESSAGES = 500;
const PAGE_CHARACTERS = 64 * 1024;
const READS_AT_ONCE = 32;
const LONGEST_WAIT_MS = 5_000;

/** Reads from the stream of facts what this gateway does not keep, in pages that fit in memory a thousand times. */
export class Past {
  private reading = 0;
  private readonly waiting = new Set<(mayRead: boolean) => void>();

  constructor(
    private readonly reader: Pick<FactReader, 'readPage'>,
    private readonly logger: Logger,
  ) {}

  /** What came after `sequence` and concerns somebody, up to `end` at most; undefined when it cannot be had any more. */
  async pageAfter(
    sequence: number,
    end: number,
    concerns: (change: LiveChange) => boolean,
  ): Promise<Page | undefined> {
    if (!(await this.mayRead())) return undefined;
    const changes: LiveChange[] = [];
    let characters = 0;
    try {
      const upTo = await this.reader.readPage(
        { after: sequence, end, messages: PAGE_MESSAGES, longestGap: LONGEST_GAP_MESSAGES },
        (fact, at) => {
          const change = changeOf(fact, at);
          if (!change || !concerns(change)) return true;
          changes.push(change);
          characters += change.data.length;
          return characters < PAGE_CHARACTERS;
        },
      );
      return upTo === undefined ? undefined : { changes, upTo };
    } catch (error) {
      this.logger.warn({ error }, 'a live stream could not be caught up');
      return undefined;
    } finally {
      this.reading--;
      const [next] = this.waiting;
      next?.(true);
    }
  }

  /** In turn; false when that takes too long. */
  private async mayRead(): Promise<boolean> {
    if (this.reading < READS_AT_ONCE) {
      this.reading++;
      return true;
    }
    return await new Promise<boolean>((resolve) => {
      const answer = (mayRead: boolean) => {
        clearTimeout(timer);
        this.waiting.delete(answer);
        if (mayRead) this.reading++;
        resolve(mayRead);
      };
      const timer = setTimeout(() => answer(false), LONGEST_WAIT_MS);
      this.waiting.add(answer);
    });
  }
}
