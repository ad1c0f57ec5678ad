import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519ph, x25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { randomBytes } from '@noble/hashes/utils.js';
import {
  base64ToBytes,
  bytesToBase64,
  concatBytes,
  equalBytes,
  type HexOrBytes,
  toBytes,
  utf8,
} from './bytes.ts';
import { checkPublicKey } from './check-public-key.ts';

export type CredentialFault = 'recipient' | 'format' | 'version' | 'contract' | 'decryption';

/** A credential that cannot be sealed or opened. Never names what is inside. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  constructor(
    readonly fault: CredentialFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface CredentialToSeal {
  /** The Ed25519 key of the one who may read it. */
  readonly recipientPublicKey: HexOrBytes;
  /** 64 hex characters or 32 bytes. */
  readonly contractId: HexOrBytes;
  readonly plaintext: string;
}

/** Given only where a result must be known beforehand. */
export interface CredentialRandomness {
  readonly ephemeralSecret: Uint8Array;
  readonly nonce: Uint8Array;
}

const DOMAINS = { 1: 'credential-encryption-v1', 2: 'credential-encryption-v2-aad' } as const;

/** Seals a text for one key and one contract: the JSON text of a version 2 envelope. @throws CredentialError */
export function sealCredential(input: CredentialToSeal, randomness?: CredentialRandomness): string {
  const recipient = bytesOr(input.recipientPublicKey, 32, 'recipient', 'the recipient key');
  const aad = bytesOr(input.contractId, 32, 'contract', 'the contract id');
  const fault = checkPublicKey(recipient);
  if (fault !== 'ok') throw new CredentialError('recipient', `The recipient key is not acceptable: ${fault}`);
  const ephemeral = clamp(randomness?.ephemeralSecret ?? randomBytes(32));
  const nonce = randomness?.nonce ?? randomBytes(24);
  const key = deriveKey(2, ephemeral, ed25519ph.utils.toMontgomery(recipient));
  try {
    const ciphertext = xchacha20poly1305(key, nonce, aad).encrypt(utf8(input.plaintext));
    return JSON.stringify({
      version: 2,
      ephemeral_pubkey: bytesToBase64(x25519.getPublicKey(ephemeral)),
      nonce: bytesToBase64(nonce),
      ciphertext: bytesToBase64(ciphertext),
      aad: bytesToBase64(aad),
    });
  } finally {
    key.fill(0);
    ephemeral.fill(0);
  }
}

export interface CredentialToOpen {
  /** The Ed25519 seed of the recipient. */
  readonly seed: Uint8Array;
  /** The JSON text. */
  readonly envelope: string;
  /** The contract that was asked about: the envelope must be bound to it. */
  readonly contractId: HexOrBytes;
  /** Version 1 is bound to no contract: only for contracts from before version 2. */
  readonly acceptVersion1?: boolean;
}

/** Opens an envelope for one contract. @throws CredentialError */
export function openCredential(input: CredentialToOpen): string {
  const contractId = bytesOr(input.contractId, 32, 'contract', 'the contract id');
  const envelope = readEnvelope(input.envelope);
  if (envelope.version === 1 && !input.acceptVersion1) {
    throw new CredentialError('contract', 'The credentials are not bound to a contract');
  }
  if (envelope.version === 2 && !(envelope.aad && equalBytes(envelope.aad, contractId))) {
    throw new CredentialError('contract', 'The credentials belong to another contract');
  }
  const secret = ed25519ph.utils.toMontgomerySecret(input.seed);
  const key = deriveKey(envelope.version, secret, envelope.ephemeralPublicKey);
  try {
    const aad = envelope.version === 2 ? contractId : undefined;
    const plaintext = xchacha20poly1305(key, envelope.nonce, aad).decrypt(envelope.ciphertext);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch (cause) {
    throw new CredentialError('decryption', 'The credentials were sealed for another key or changed', {
      cause,
    });
  } finally {
    key.fill(0);
    secret.fill(0);
  }
}

interface Envelope {
  readonly version: 1 | 2;
  readonly ephemeralPublicKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly aad: Uint8Array | undefined;
}

function readEnvelope(text: string): Envelope {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new CredentialError('format', 'The envelope is not JSON', { cause });
  }
  const version = fields?.version;
  if (version !== 1 && version !== 2) {
    if (typeof version !== 'number') throw new CredentialError('format', 'The envelope has no version');
    throw new CredentialError('version', `Unsupported encryption version: ${version}`);
  }
  const bytesOf = (name: string, fits: (length: number) => boolean): Uint8Array => {
    const value = fields[name];
    let bytes: Uint8Array | undefined;
    try {
      bytes = typeof value === 'string' ? base64ToBytes(value) : undefined;
    } catch (cause) {
      throw new CredentialError('format', `${name} of the envelope is not base64`, { cause });
    }
    if (!bytes || !fits(bytes.length))
      throw new CredentialError('format', `${name} of the envelope is wrong`);
    return bytes;
  };
  return {
    version,
    ephemeralPublicKey: bytesOf('ephemeral_pubkey', (length) => length === 32),
    nonce: bytesOf('nonce', (length) => length === 24),
    ciphertext: bytesOf('ciphertext', (length) => length >= 16),
    aad: fields.aad === undefined || fields.aad === null ? undefined : bytesOf('aad', (n) => n === 32),
  };
}

/** Points of small order give the all-zero secret, which x25519 refuses. */
function deriveKey(version: 1 | 2, secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  let shared: Uint8Array;
  try {
    shared = x25519.getSharedSecret(secret, publicKey);
  } catch (cause) {
    throw new CredentialError('recipient', 'The other key is of small order', { cause });
  }
  const hash = sha512(concatBytes(utf8(DOMAINS[version]), shared));
  const key = hash.slice(0, 32);
  hash.fill(0);
  shared.fill(0);
  return key;
}

function clamp(secret: Uint8Array): Uint8Array {
  const clamped = Uint8Array.from(secret);
  clamped[0] = (clamped[0] as number) & 248;
  clamped[31] = ((clamped[31] as number) & 127) | 64;
  return clamped;
}

function bytesOr(value: HexOrBytes, length: number, fault: CredentialFault, what: string): Uint8Array {
  try {
    return toBytes(value, length, what);
  } catch (cause) {
    throw new CredentialError(fault, `${what} must have ${length} bytes`, { cause });
  }
}
