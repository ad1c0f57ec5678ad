/**
 * Signatures as what they promise: whoever holds a key can sign with it and nobody else can. The proofs of the real
 * ones are elsewhere; here a signed message names the key that signed it, and only a `SigningKey` writes that name.
 */
export interface Signed<T> {
  readonly message: T;
  readonly signedBy: string;
}

export class SigningKey {
  constructor(readonly publicKey: string) {}

  sign<T>(message: T): Signed<T> {
    return { message, signedBy: this.publicKey };
  }
}
