import { CredentialError, sealCredential } from '@decent-cloud/identity';
import { BackendError, type ProvisionedMachine } from '../backends/backend.ts';

export interface SealedCredential {
  readonly recipientPublicKey: string;
  readonly envelope: string;
}

/** One envelope for each of the tenant's keys. @throws BackendError when one of them cannot be used: nothing goes out unsealed or partly */
export function sealFor(
  recipients: readonly string[],
  contractId: string,
  credential: ProvisionedMachine['credential'],
): SealedCredential[] {
  const plaintext = JSON.stringify(credential);
  return recipients.map((recipientPublicKey) => {
    try {
      return { recipientPublicKey, envelope: sealCredential({ recipientPublicKey, contractId, plaintext }) };
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      throw new BackendError(
        {
          class: 'config',
          code: 'ENCRYPTION_FAILED',
          message: `the credentials cannot be sealed: ${error.message}`,
        },
        { cause: error },
      );
    }
  });
}
