/**
 * Passes something that has all public members of a class for one of it: a store in memory for the real store, whose
 * private members no flow can see. A member that is missing does not compile.
 */
export const standIn = <T extends object>(part: Pick<T, keyof T>): T => part as T;
