import { parseSshPublicKey, printSshPublicKeyLine, SshKeyError } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

export const MAX_EXTERNAL_KEYS = 50;
export const NOT_YOUR_KEYS = "Unauthorized: Cannot modify another user's keys";
const SSH_TYPE = /^(ssh|ecdsa|sk)-/;

export interface GivenKey {
  readonly keyType: string;
  readonly keyData: string;
  readonly keyFingerprint?: string | undefined;
}

export interface KeptKey {
  readonly keyData: string;
  readonly keyFingerprint: string | null;
}

/**
 * What to keep: SSH keys in the one form that every server reads, with our own fingerprint; others as they were given.
 * @throws Refusal INVALID when something that calls itself an SSH key is none.
 */
export function keptKeyOf(key: GivenKey): KeptKey {
  if (!SSH_TYPE.test(key.keyType)) {
    return { keyData: key.keyData.trim(), keyFingerprint: key.keyFingerprint ?? null };
  }
  try {
    const parsed = parseSshPublicKey(key.keyData);
    if (parsed.type === key.keyType) {
      return { keyData: printSshPublicKeyLine(parsed), keyFingerprint: parsed.fingerprint };
    }
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
