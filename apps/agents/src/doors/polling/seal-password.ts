import { CredentialError, sealCredential } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';

/** The password lives on in envelopes that only the tenant's keys open, each bound to the contract. @throws Refusal */
export function sealPassword(contractId: string, recipients: readonly string[], plaintext: string) {
  try {
    return recipients.map((recipientPublicKey) => ({
      recipientPublicKey,
      envelope: sealCredential({ recipientPublicKey, contractId, plaintext }),
    }));
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new Refusal('PRECONDITION', 'KEY_UNACCEPTABLE', `The password cannot be sealed: ${error.message}`);
  }
}
