import { bytesToHex } from './bytes.ts';
import { signEd25519ph } from './ed25519ph.ts';
import type { KeyPair } from './key-pair.ts';
import { signedMessageV1, signedMessageV2 } from './request-signature.ts';

export interface SignerOptions {
  /** By default 2, which also covers host and query. */
  readonly version?: 1 | 2;
  /** The key is that of a delegated agent. */
  readonly agent?: boolean;
}

export interface RequestToSign {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly body: Uint8Array;
  readonly timestampNs: bigint;
  readonly nonce: string;
}

export interface KeySigner {
  readonly publicKey: string;
  sign(request: RequestToSign): Record<string, string>;
}

/** Signs requests with a key that is at hand. */
export function createSigner(keyPair: KeyPair, options: SignerOptions = {}): KeySigner {
  const { version = 2, agent = false } = options;
  return {
    publicKey: keyPair.publicKeyHex,
    sign({ timestampNs, ...request }) {
      const signed = { ...request, timestamp: timestampNs.toString() };
      const message = version === 1 ? signedMessageV1(signed) : signedMessageV2(signed);
      return {
        [agent ? 'X-Agent-Pubkey' : 'X-Public-Key']: keyPair.publicKeyHex,
        'X-Signature': bytesToHex(signEd25519ph(keyPair.seed, message)),
        'X-Timestamp': signed.timestamp,
        'X-Nonce': request.nonce,
        ...(version !== 1 && { 'X-Signature-Version': String(version) }),
      };
    },
  };
}

/** The headers of a request that is signed by version 1, the one that every platform knows. */
export function signRequestV1(
  keyPair: KeyPair,
  request: Omit<RequestToSign, 'host' | 'query'> & { readonly agent?: boolean },
): Record<string, string> {
  const { agent = false, ...signed } = request;
  return createSigner(keyPair, { version: 1, agent }).sign({ ...signed, host: '', query: '' });
}
