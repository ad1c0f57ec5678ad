import { hexToBytes } from './bytes.ts';

/** Stamps may differ from the receiver's clock by so much, in both directions. */
export const SIGNATURE_WINDOW_NS = 300_000_000_000n;

/** Who may sign here. `either`: when both headers are there, the agent's wins. */
export type SignerKind = 'user' | 'agent' | 'either';

export interface SignatureHeaders {
  readonly kind: 'user' | 'agent';
  readonly publicKey: Uint8Array;
  readonly publicKeyHex: string;
  readonly signature: Uint8Array;
  readonly version: 1 | 2;
  /** As it was sent: these characters are signed. */
  readonly timestamp: string;
  readonly timestampNs: bigint;
  /** As it was sent: these characters are signed. */
  readonly nonce: string;
  /** The nonce in its one normal form: 32 hex characters. To be remembered. */
  readonly nonceHex: string;
}

/** A refusal by the headers alone, with the status and the text that shipped clients know. */
export interface HeaderRefusal {
  readonly refused: true;
  readonly status: 400 | 401;
  readonly reason: 'SIGNATURE_MISSING' | 'SIGNATURE_MALFORMED' | 'SIGNATURE_EXPIRED';
  readonly text: string;
}

export interface ParseSignatureOptions {
  readonly nowNs: bigint;
  readonly kind?: SignerKind;
  /** Where clients cannot set headers (EventSource): the query, read when a header is missing. */
  readonly query?: (name: string) => string | undefined;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const missing = (name: string): HeaderRefusal => ({
  refused: true,
  status: 401,
  reason: 'SIGNATURE_MISSING',
  text: `Missing required header: ${name}`,
});
const malformed = (text: string): HeaderRefusal => ({
  refused: true,
  status: 400,
  reason: 'SIGNATURE_MALFORMED',
  text: `Invalid format: ${text}`,
});

const isRefusal = (value: object): value is HeaderRefusal => 'refused' in value;

/** Reads and checks the signature headers (names in lower case), in the order that shipped clients see. */
export function parseSignatureHeaders(
  headers: Headers,
  options: ParseSignatureOptions,
): (SignatureHeaders & { readonly refused?: undefined }) | HeaderRefusal {
  const { nowNs, kind = 'user', query } = options;
  const read = (name: string, parameter: string): string | undefined =>
    visible(headers[name]) ?? visible(query?.(parameter));
  const say = (name: string, parameter: string): string =>
    query ? `${name} or ${parameter} query param` : name;

  const agentKey = kind === 'user' ? undefined : read('x-agent-pubkey', 'agent_pubkey');
  const userKey = kind === 'agent' ? undefined : read('x-public-key', 'pubkey');
  const key = agentKey ?? userKey;
  if (key === undefined) {
    if (kind === 'either') return missing('X-Public-Key or X-Agent-Pubkey');
    return missing(kind === 'agent' ? say('X-Agent-Pubkey', 'agent_pubkey') : say('X-Public-Key', 'pubkey'));
  }
  const signatureText = read('x-signature', 'signature');
  if (signatureText === undefined) return missing(say('X-Signature', 'signature'));
  const timestamp = read('x-timestamp', 'timestamp');
  if (timestamp === undefined) return missing(say('X-Timestamp', 'timestamp'));
  const nonce = read('x-nonce', 'nonce');
  if (nonce === undefined) return missing(say('X-Nonce', 'nonce'));

  const publicKey = decode(key, 'public key', 32);
  if (isRefusal(publicKey)) return publicKey;
  const signature = decode(signatureText, 'signature', 64);
  if (isRefusal(signature)) return signature;
  const stamp = parseInt64(timestamp);
  if (typeof stamp === 'string') return malformed(`Invalid timestamp: ${stamp}`);
  const skewNs = nowNs - stamp;
  if (skewNs > SIGNATURE_WINDOW_NS || skewNs < -SIGNATURE_WINDOW_NS) {
    return {
      refused: true,
      status: 401,
      reason: 'SIGNATURE_EXPIRED',
      text: 'Request timestamp expired (max 5 minutes)',
    };
  }
  const nonceHex = parseUuid(nonce);
  if (nonceHex === undefined)
    return malformed(`Invalid nonce format (must be UUID v4): ${nonce.slice(0, 64)}`);
  const version = visible(headers['x-signature-version']) ?? '1';
  if (version !== '1' && version !== '2') {
    return malformed(`Invalid signature version (must be 1 or 2): ${version.slice(0, 16)}`);
  }
  return {
    kind: agentKey === undefined ? 'user' : 'agent',
    publicKey,
    publicKeyHex: key.toLowerCase(),
    signature,
    version: version === '2' ? 2 : 1,
    timestamp,
    timestampNs: stamp,
    nonce,
    nonceHex,
  };
}

/** A header with other characters counts as missing, and so does one that came several times. */
function visible(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value) ? value : undefined;
}

function decode(hex: string, what: string, length: number): Uint8Array | HeaderRefusal {
  const name = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  const wrong = /[^0-9a-fA-F]/.exec(hex);
  if (hex.length % 2 !== 0) return malformed(`Invalid ${what} hex encoding: Odd number of digits`);
  if (wrong) {
    return malformed(
      `Invalid ${what} hex encoding: Invalid character '${wrong[0]}' at position ${wrong.index}`,
    );
  }
  const bytes = hexToBytes(hex);
  return bytes.length === length ? bytes : malformed(`${name} must be ${length} bytes, got ${bytes.length}`);
}

/** The number, or why it is none. */
function parseInt64(text: string): bigint | string {
  if (text === '') return 'cannot parse integer from empty string';
  if (!/^[+-]?\d+$/.test(text)) return 'invalid digit found in string';
  // More digits than an int64 can have need no arithmetic.
  const digits = text.replace(/^[+-]?0*/, '');
  const number = digits.length > 19 ? 2n ** 64n : BigInt(digits || '0') * (text.startsWith('-') ? -1n : 1n);
  if (number >= 2n ** 63n) return 'number too large to fit in target type';
  return number < -(2n ** 63n) ? 'number too small to fit in target type' : number;
}

const UUID_FORMS = [
  /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/,
  /^([0-9a-f]{32})$/,
  /^\{([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}$/,
  /^urn:uuid:([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/,
];

/** A UUID of any version in any of its four forms, as 32 hex characters in lower case. */
export function parseUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  for (const form of UUID_FORMS) {
    const match = form.exec(lower);
    if (match) return match.slice(1).join('');
  }
  return undefined;
}
