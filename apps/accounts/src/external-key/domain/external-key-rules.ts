import { parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

export const MAX_EXTERNAL_KEYS = 50;
export const NOT_YOUR_KEYS = "Unauthorized: Cannot modify another user's keys";
const SSH_TYPE = /^(ssh|ecdsa|sk)-/;

export interface GivenKey {
  readonly keyType: string;
  readonly keyData: string;
  readonly keyFingerprint?: string | undefined;
}

/**
 * The fingerprint to keep: of SSH keys our own, of others what the owner says.
 * @throws Refusal INVALID when something that calls itself an SSH key is none.
 */
export function fingerprintOf(key: GivenKey): string | null {
  if (!SSH_TYPE.test(key.keyType)) return key.keyFingerprint ?? null;
  try {
    const parsed = parseSshPublicKey(key.keyData);
    if (parsed.type === key.keyType) return parsed.fingerprint;
    throw new SshKeyError(`keyType says ${key.keyType}, but the key is of type ${parsed.type}`);
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new Refusal('INVALID', 'SSH_KEY_INVALID', error.message, { cause: error });
  }
}

/** @throws Refusal LIMIT when the account shows enough of them. */
export function assertRoomForExternalKey(count: number): void {
  if (count < MAX_EXTERNAL_KEYS) return;
  throw new Refusal('LIMIT', 'KEY_LIMIT', `Maximum ${MAX_EXTERNAL_KEYS} external keys per account`);
}
