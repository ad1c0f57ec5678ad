import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const machine = z.object({
  t: z.literal('machine'),
  record: z.object({
    contractId: z.string(),
    generation: z.int(),
    phase: z.enum(['creating', 'running', 'stopped', 'failed', 'removing', 'gone']),
    changedAtNs: z.string(),
    endsAtNs: z.string().optional(),
    externalId: z.string().optional(),
    commandId: z.string().optional(),
    resultEventId: z.string().optional(),
  }),
});
const event = z.object({
  t: z.literal('event'),
  eventId: z.string(),
  kind: z.string(),
  seq: z.int(),
  /** The signed message, as it goes out. */
  text: z.string(),
  sent: z.boolean().optional(),
});
const sent = z.object({ t: z.literal('sent'), eventId: z.string() });
/** Numbers of events up to here may have been used. */
const seq = z.object({ t: z.literal('seq'), upTo: z.int() });
/** Something that was to be done inside of a machine, and the event that tells how it ended. */
const operation = z.object({
  t: z.literal('operation'),
  record: z.object({
    operationId: z.string(),
    contractId: z.string(),
    kind: z.string(),
    requestedAtNs: z.string(),
    done: z.boolean(),
    resultEventId: z.string(),
    atNs: z.string(),
  }),
});
const snapshot = z.object({ t: z.literal('snapshot'), atNs: z.string(), version: z.string() });

const version1 = z.discriminatedUnion('t', [machine, event, sent, seq, snapshot, operation]);
export type JournalEntry = z.output<typeof version1>;

export type ActionRecord = z.output<typeof operation>['record'];

/**
 * Each entry of a line of the journal. Version 0 has the members of version 1; agents that know no versions read version 1
 * as well.
 */
export const storedEntry = new StoredJson<JournalEntry>('an entry of the journal', [version1, version1]);
