import { SignedByAgent } from '../../agents/src/registry/agent/signed-by-agent.ts';

/**
 * Signatures as what they promise: whoever holds a key can sign with it and nobody else can. The proofs of the real
 * ones are elsewhere; here the signature under a message is the key that made it, and only a `SigningKey` writes that.
 */
const signatureBy = (publicKey: string): string => publicKey.repeat(2);

/** The key with which the platform commands agents. */
export const PLATFORM_KEY = '0'.repeat(64);

export class SigningKey {
  constructor(readonly publicKey: string) {}

  sign<T extends object>(message: T): T & { sig: string } {
    return { ...message, sig: signatureBy(this.publicKey) };
  }
}

export const isSignedBy = (publicKey: string, message: unknown): boolean =>
  typeof message === 'object' &&
  message !== null &&
  'sig' in message &&
  message.sig === signatureBy(publicKey);

/** What agents say is held against these signatures, otherwise as in the real service. */
export class SignedByModelledAgent extends SignedByAgent {
  protected override isSigned(agentPublicKey: string, raw: unknown): boolean {
    return isSignedBy(agentPublicKey, raw);
  }
}
