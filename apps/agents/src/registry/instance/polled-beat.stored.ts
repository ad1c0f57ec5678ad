import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const version1 = z.object({ s: z.number(), p: z.string().optional() });

/** Each of `agent.polled_beats`. Version 0 has the members of version 1. */
export const storedBeat = new StoredJson('a heartbeat', [
  version1.transform(beatOf),
  version1.transform(beatOf),
]);

/** Without a member that is absent. */
function beatOf({ s, p }: z.output<typeof version1>) {
  return { s, ...(p !== undefined && { p }) };
}
