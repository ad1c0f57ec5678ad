import type { RentalStep } from '@decent-cloud/messages/contracts';

/** Steps without those that take something back. */
export const forward = (steps: readonly RentalStep[]) => steps.filter(({ undoes }) => undoes === undefined);

/** Those that take something back. */
export const back = (steps: readonly RentalStep[]) => steps.filter(({ undoes }) => undoes !== undefined);

/** Names and states in a line. */
export const brief = (steps: readonly RentalStep[]): string =>
  steps.map(({ name, state }) => `${name}:${state}`).join(' ');
