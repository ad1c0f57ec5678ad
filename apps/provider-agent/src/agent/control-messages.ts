import { join } from 'node:path';
import { z } from 'zod';

/** What is said over the socket in the data folder: one line asks, one line answers. */
export const controlRequest = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('orphans-list') }),
  z.strictObject({ method: z.literal('orphans-adopt'), externalId: z.string().min(1).max(256) }),
  z.strictObject({ method: z.literal('orphans-destroy'), externalId: z.string().min(1).max(256) }),
  z.strictObject({ method: z.literal('plan') }),
  z.strictObject({ method: z.literal('reconcile') }),
]);
export type ControlRequest = z.output<typeof controlRequest>;

export const controlAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.string(),
    /** `refused`: by a rule. `access`, `unreachable`: of the platform. `fault`: anything else. */
    kind: z.enum(['refused', 'access', 'unreachable', 'fault']),
  }),
]);
export type ControlAnswer = z.output<typeof controlAnswer>;

export const CONTROL_LINE_BYTES = 4 * 1_024 * 1_024;
/** What the kernel takes as the name of a socket. */
const LONGEST_PATH_BYTES = 107;

export const controlSocketIn = (dataDir: string): string => join(dataDir, 'control.sock');

export const isSocketPath = (path: string): boolean => Buffer.byteLength(path) <= LONGEST_PATH_BYTES;
