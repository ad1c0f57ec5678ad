import { type Answered, keyPair, type SendOptions, send, sign } from '../send.ts';
import type { World } from '../world.ts';

/** One request that must be refused, and how. */
export interface Hostile {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly text: string | RegExp;
  /** In legacy mode, where it differs. */
  readonly legacyStatus?: number;
  readonly send: (port: number) => Promise<Answered>;
}

export const NOTE = '{"text":"hello"}';
export const S = 1_000_000_000n;

export const alice = keyPair();
export const laptop = keyPair();
export const disabled = keyPair();
export const agent = keyPair();
export const weakAgent = keyPair();
export const nobodysAgent = keyPair();

/** Makes the senders known to the accounts of the world. */
export function knowSenders(world: World): void {
  world.owners.set(alice.publicKeyHex, { status: 'active', accountId: 'a'.repeat(32) });
  world.owners.set(laptop.publicKeyHex, { status: 'active', accountId: 'a'.repeat(32) });
  world.owners.set(disabled.publicKeyHex, { status: 'disabled', accountId: 'a'.repeat(32) });
  world.delegations.set(agent.publicKeyHex, {
    providerPublicKey: alice.publicKeyHex,
    permissions: ['heartbeat'],
  });
  world.delegations.set(weakAgent.publicKeyHex, {
    providerPublicKey: alice.publicKeyHex,
    permissions: ['provision'],
  });
}

/** A signed write. */
export const post = (more: Partial<SendOptions> = {}): SendOptions => ({
  method: 'POST',
  path: '/api/v1/notes',
  body: NOTE,
  as: alice,
  ...more,
});
/** A signed read. */
export const me = (more: Partial<SendOptions> = {}): SendOptions => ({
  path: '/api/v1/notes/me',
  as: alice,
  ...more,
});

/** Signs one request and sends another. */
export const forged = (signed: SendOptions, sent: Partial<SendOptions>) => async (port: number) => {
  const { as: _as, ...rest } = { ...signed, ...sent };
  return send(port, { ...rest, headers: { ...sign(port, signed), ...sent.headers } });
};

export const without = (name: string) => async (port: number) => {
  const headers = sign(port, me());
  delete headers[name];
  return send(port, { path: '/api/v1/notes/me', headers });
};

export const withHeader = (name: string, value: string, options: SendOptions = me()) =>
  forged(options, { headers: { [name]: value } });

const MISMATCH = 'Invalid signature: Signature verification failed: signature does not match';
export const invalid = { status: 401, code: 'SIGNATURE_INVALID', text: MISMATCH } as const;
export const malformed = { status: 400, code: 'SIGNATURE_MALFORMED' } as const;
export const missing = { status: 401, code: 'SIGNATURE_MISSING' } as const;
export const expired = {
  status: 401,
  code: 'SIGNATURE_EXPIRED',
  text: 'Request timestamp expired (max 5 minutes)',
} as const;
export const input = { status: 400, code: 'INVALID_INPUT' } as const;
export const unsafe = {
  status: 400,
  code: 'KEY_UNACCEPTABLE',
  text: 'Invalid format: Public key is not a safe Ed25519 point',
} as const;
