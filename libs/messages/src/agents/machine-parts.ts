import { z } from 'zod';
import { int32, publicKeyHex } from '../wire/schema.ts';

/** How to reach a machine. No secret is in here. */
export const machineInstance = z.object({
  externalId: z.string().max(256),
  provisionerType: z.string().max(64),
  publicIp: z.string().max(64).optional(),
  ipAddress: z.string().max(64).optional(),
  ipv6Address: z.string().max(64).optional(),
  sshPort: int32(1, 65_535),
  sshUser: z.string().max(64),
  /** `ssh-ed25519 AAAA…`, as the agent saw it. */
  sshHostKey: z.string().max(16_384).optional(),
  additionalDetails: z.string().max(4_096).optional(),
  gatewaySlug: z.string().max(64).optional(),
  gatewaySubdomain: z.string().max(255).optional(),
  gatewaySshPort: int32(1, 65_535).optional(),
  gatewayPortRangeStart: int32(1, 65_535).optional(),
  gatewayPortRangeEnd: int32(1, 65_535).optional(),
});

export const sealedCredential = z.object({
  recipientPublicKey: publicKeyHex(),
  /** Envelope JSON text, version 2, bound to the contract. */
  envelope: z.string().max(8_192),
});
export type SealedCredential = z.output<typeof sealedCredential>;

/** Of a script that is run in a new machine at most so much is kept: its end. */
export const SCRIPT_LOG_BYTES = 256 * 1024;
/** As a JSON string it takes no more than this, whatever is in it: it has to fit a message. */
export const SCRIPT_LOG_JSON_BYTES = 640 * 1024;

/** What a script has printed. */
export const scriptLog = () =>
  z
    .string()
    .max(SCRIPT_LOG_BYTES)
    .refine((log) => new TextEncoder().encode(JSON.stringify(log)).length <= SCRIPT_LOG_JSON_BYTES, {
      error: 'does not fit a message',
    });
