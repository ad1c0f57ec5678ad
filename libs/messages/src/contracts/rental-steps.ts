import type { Reason } from '@decent-cloud/kernel';
import { z } from 'zod';
import type { Output } from '../wire/endpoint.ts';
import { int32, int64, reason, word } from '../wire/schema.ts';
import { CONTRACT_STATUSES, STEP_NAMES, STEP_OWNERS, STEP_STATES, UNDO_NAMES } from '../words/contracts.ts';

export const rentalStep = z
  .object({
    name: z.enum([...STEP_NAMES, ...UNDO_NAMES]),
    /** Who owes it. */
    owner: z.enum(STEP_OWNERS),
    state: z.enum(STEP_STATES),
    /** The step that this one takes back. */
    undoes: z.enum(STEP_NAMES).optional(),
    startedAtNs: int64().optional(),
    finishedAtNs: int64().optional(),
    /** As long as it takes when nothing is in the way; a step of people has none. */
    expectedSeconds: int32(0).optional(),
    /** How long it took, or has taken until now. */
    actualSeconds: z.number().min(0).optional(),
    /** When the rental ends by itself if the step is not done. */
    dueAtNs: int64().optional(),
    /** How many agents' attempts there have been at the machine. */
    attempts: int32(1).optional(),
    /** Since when the newest of them runs. */
    attemptStartedAtNs: int64().optional(),
    /** Why it failed or was cut off: a reason of the catalogue. */
    reason: reason().optional(),
    /** What it means, in words for people. */
    text: z.string(),
  })
  .meta({
    id: 'RentalStep',
    examples: [
      {
        name: 'make-machine',
        owner: 'agent',
        state: 'running',
        startedAtNs: 1795414894595405800,
        expectedSeconds: 60,
        actualSeconds: 4.012,
        dueAtNs: 1795418494595405800,
        attempts: 1,
        text: 'The agent is making the machine.',
      },
    ],
  });

export type RentalStep = Output<typeof rentalStep>;
/** As the one who knows it writes it: its reason is one of the catalogue. */
export type WrittenStep = Omit<RentalStep, 'reason'> & { readonly reason?: Reason | undefined };

/** What is said about the steps of a rental at one moment. */
export const rentalStepsMembers = {
  contract_id: z.string(),
  status: word(CONTRACT_STATUSES),
  /** The moment: a later one replaces an earlier one. */
  as_of_ns: int64(),
  /** In their order; those that take back come last, once the rental has ended. */
  steps: z.array(rentalStep),
};
