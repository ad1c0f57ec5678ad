import { parseSshPublicKey, printSshPublicKeyLine, SshKeyError } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

/** One line with a key that machines may be given, as they all read it. @throws Refusal that says what is wrong with it */
export function sshPubkeyOf(text: string | undefined): string {
  const line = text?.trim();
  if (!line) throw new Refusal('INVALID', 'SSH_KEY_INVALID', 'SSH public key is required');
  try {
    return printSshPublicKeyLine(parseSshPublicKey(line));
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new Refusal('INVALID', 'SSH_KEY_INVALID', `Invalid SSH public key: ${error.message}`, {
      cause: error,
    });
  }
}

/** Types that the SSH server of a back end has no code for. */
const NOT_TAKEN_BY: ReadonlyMap<string, RegExp> = new Map([['local', /^sk-/]]);

/** @throws Refusal when machines of this kind let nobody in with such a key. */
export function assertTakesKey(provisionerType: string | undefined, line: string): void {
  const [type = ''] = line.split(' ');
  if (!NOT_TAKEN_BY.get(provisionerType ?? '')?.test(type)) return;
  throw new Refusal(
    'INVALID',
    'SSH_KEY_INVALID',
    `Machines of this offering (${provisionerType}) do not take keys of the type ${type}: give an ssh-ed25519 or ssh-rsa key`,
  );
}
