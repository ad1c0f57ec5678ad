const FIRST_SECONDS = 15;
const LONGEST_SECONDS = 600;

/** How long a write that failed so often is left alone; whoever asks for it does not wait. */
export const repeatAfterSeconds = (attempts: number): number =>
  Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.min(attempts, 10));
