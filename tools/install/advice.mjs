/** A fault of the surroundings, with advice: shown without a stack. */
export class Advice extends Error {}
