/** Injection tokens of what is no class. */
export const CLOCK = Symbol('clock');
export const LOGGER = Symbol('logger');
