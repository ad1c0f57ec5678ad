/** Named places of the code at which tests end the process, let the work fail, or have it done once more. */
export interface CrashPoints {
  /** Passes a point by its name. True: what was done just now is to be done once more. */
  pass(point: string): boolean;
  /** Work by which points inside of it are named. */
  within<T>(act: string, work: () => T): T;
  /** The name of the next such place of the act that is under way; undefined outside of any. */
  nextHere(place: string): string | undefined;
}

/** Empty but in tests: passing a point costs one look at `points`. */
export const crash: { points: CrashPoints | undefined } = { points: undefined };
