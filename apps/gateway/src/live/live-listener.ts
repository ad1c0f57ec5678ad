import type { Position } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';

/** One open stream, as the hub sees it. */
export interface LiveListener {
  readonly publicKey: string;
  readonly address: string;
  accountId: string | undefined;
  /** Must not throw. */
  take(change: LiveChange): void;
  /** Changes may be missing from here on: look at everything again. */
  reset(position: Position): void;
  end(why: string): void;
}

/** A piece of the past: of what comes after where it was asked for, nothing is missing up to `upTo`. */
export interface Page {
  readonly changes: readonly LiveChange[];
  readonly upTo: number;
}
