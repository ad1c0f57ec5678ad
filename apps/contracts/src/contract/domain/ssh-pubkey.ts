import { parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

/** One line with a key that machines may be given. @throws Refusal that says what is wrong with it */
export function sshPubkeyOf(text: string | undefined): string {
  const line = text?.trim();
  if (!line) throw new Refusal('INVALID', 'SSH_KEY_INVALID', 'SSH public key is required');
  try {
    parseSshPublicKey(line);
    return line;
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new Refusal('INVALID', 'SSH_KEY_INVALID', `Invalid SSH public key: ${error.message}`, {
      cause: error,
    });
  }
}
