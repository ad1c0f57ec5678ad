import { checkPublicKey } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

/** @throws Refusal INVALID for keys under which signatures prove nothing. */
export function requireSafeKey(publicKey: string): void {
  const verdict = checkPublicKey(publicKey);
  if (verdict === 'ok') return;
  throw new Refusal('INVALID', 'KEY_UNACCEPTABLE', `This Ed25519 public key is not safe to use (${verdict})`);
}
