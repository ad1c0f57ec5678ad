/**
 * Passes something that has the public members of a class (or those of them that are used) for one of it: a store in
 * memory for the real store, whose private members no flow can see. A member that is missing does not compile.
 */
export const standIn = <T extends object, K extends keyof T = keyof T>(part: Pick<T, K>): T =>
  part as unknown as T;
