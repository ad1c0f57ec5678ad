import { z } from 'zod';

/* What the tables of the configuration file are made of. */

export const text = () => z.string().min(1).max(4_096);
export const count = (min: number, max = 2_147_483_647) => z.int().min(min).max(max);
const port = () => count(1, 65_535);

/** The ports of this host at which machines are reached. */
export const portRange = (first: number, last: number) => ({
  port_range_start: port().default(first),
  port_range_end: port().default(last),
});
