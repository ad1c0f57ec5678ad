import { z } from 'zod';

/** What is kept of a password: enough to know it again. */
const passwordHash = z.strictObject({
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PasswordHash = z.output<typeof passwordHash>;

const version1 = z.strictObject({
  version: z.literal(1),
  externalId: z.string(),
  contractId: z.string(),
  generation: z.int().min(1),
  environment: z.string(),
  agent: z.string(),
  port: z.int().min(1).max(65_535),
  power: z.enum(['running', 'stopped']),
  sshPublicKeys: z.array(z.string()).min(1),
  /** Absent: as many as the host has. */
  cpuCores: z.int().min(1).optional(),
  /** Absent until one is set: there is no way in by password then. */
  password: passwordHash.optional(),
});
export type LocalMachine = z.output<typeof version1>;

/** `machine.json`, which had a version from the first one on. @throws when it is not as an agent wrote it */
export const readLocalMachine = (text: string): LocalMachine => version1.parse(JSON.parse(text));
