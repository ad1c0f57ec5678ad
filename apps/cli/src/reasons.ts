import type { ClientReason } from '@decent-cloud/client';
import { REASONS, type Reason } from '@decent-cloud/kernel';

/** What the command line itself finds wrong; scripts read it as `reason`. */
export const CLI_REASONS = [
  'API_URL_INVALID',
  'ARGUMENT_EMPTY',
  'CONTRACT_ENDED',
  'CREDENTIALS_UNREADABLE',
  'E2E_FAILED',
  'ENV_FILE_UNREADABLE',
  'FILE_NOT_WRITTEN',
  'FILE_UNREADABLE',
  'HOST_KEY_INVALID',
  'HOST_KEY_MISSING',
  'IDENTITY_BROKEN',
  'IDENTITY_EXISTS',
  'IDENTITY_MISSING',
  'IDENTITY_NAME_INVALID',
  'JSON_IMPOSSIBLE',
  'MACHINE_ADDRESS_INVALID',
  'MACHINE_NOT_REACHABLE',
  'NOT_CONFIRMED',
  'OPERATION_FAILED',
  'OPTION_MISSING',
  'PASSPHRASE_MISSING',
  'PASSPHRASE_WRONG',
  'SECRET_KEY_INVALID',
  'SSH_FAILED',
  'SSH_MISSING',
  'WAIT_TIMEOUT',
] as const;
export type CliReason = (typeof CLI_REASONS)[number];

/** Every reason that a failure of the command line can have. */
export type FailureReason = Reason | ClientReason | CliReason;

/** Advice about what the client finds, and better advice than the catalogue's where there is a command. */
const HINTS: Readonly<Record<ClientReason, string> & Partial<Record<FailureReason, string>>> = {
  NETWORK: 'Is the platform running? Choose another with --api-url or DC_API_URL.',
  TIMEOUT: 'Try again, or give it longer with --timeout.',
  NOT_THE_API: 'Is this the address of the platform? Choose another with --api-url or DC_API_URL.',
  BAD_ANSWER: 'This command line and the platform are of different versions: update the older one.',
  NO_KEY: 'Choose an identity with --identity or DC_IDENTITY, or make one: dc identity generate --name me',
  AGENT_HAS_MACHINES:
    'End those rentals first, or give the machines up with --give-up-machines: their rentals end, or are made again elsewhere.',
};

/** What to do about it; nothing for a reason of a newer platform. */
export const hintOf = (reason: FailureReason | undefined): string | undefined =>
  reason === undefined ? undefined : (HINTS[reason] ?? (REASONS as Partial<Record<string, string>>)[reason]);
