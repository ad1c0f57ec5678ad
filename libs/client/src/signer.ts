/** What a signature covers. */
export interface RequestToSign {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly body: Uint8Array;
  readonly timestampNs: bigint;
  readonly nonce: string;
}

/** Holds a key, wherever that is, and signs requests with it. */
export interface Signer {
  /** Hex-64. */
  readonly publicKey: string;
  /** Gives the headers that prove the key. */
  sign(request: RequestToSign): Record<string, string> | Promise<Record<string, string>>;
}
