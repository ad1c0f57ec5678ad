import { parseSshPublicKey, printSshPublicKeyLine, SshKeyError } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

/** One line with a key that machines may be given, as they all read it. @throws Refusal that says what is wrong with it */
export function sshPublicKeyOf(text: string | undefined): string {
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

/** Types that the SSH server of a backend has no code for. */
const NOT_TAKEN_BY: ReadonlyMap<string, RegExp> = new Map([['local', /^sk-/]]);

/**
 * @param types one of which the machine will be; none: not known
 * @throws Refusal when machines of no such type let anybody in with such a key
 */
export function assertTakesKey(types: readonly string[], line: string): void {
  const [keyType = ''] = line.split(' ');
  if (types.length === 0 || !types.every((type) => NOT_TAKEN_BY.get(type)?.test(keyType))) return;
  throw new Refusal(
    'INVALID',
    'SSH_KEY_INVALID',
    `Machines of this offering (${types.join(', ')}) do not take keys of the type ${keyType}: give an ssh-ed25519 or ssh-rsa key`,
  );
}
