import { bytesToHex, type HexOrBytes, utf8 } from './bytes.ts';
import { printCanonicalJson } from './canonical-json.ts';
import { signEd25519ph, verifyEd25519ph } from './ed25519ph.ts';

/** Adds `sig`: the signature over the canonical JSON of everything else. @throws TypeError for what JSON cannot carry exactly. */
export function signMessage<T extends object>(seed: Uint8Array, message: T): T & { sig: string } {
  const { sig: _old, ...rest } = message as T & { sig?: unknown };
  const sig = bytesToHex(signEd25519ph(seed, utf8(printCanonicalJson(rest))));
  return { ...message, sig };
}

/** Whether `sig` of a message, as it was parsed from JSON, was made by this key over all the rest. */
export function verifyMessage(publicKey: HexOrBytes, message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { sig, ...rest } = message as { sig?: unknown };
  if (typeof sig !== 'string') return false;
  let signed: Uint8Array;
  try {
    signed = utf8(printCanonicalJson(rest));
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
  return verifyEd25519ph(publicKey, sig, signed);
}
