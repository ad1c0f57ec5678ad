import { parseSignatureHeaders, type SignatureHeaders } from '@decent-cloud/identity';
import { type Clock, Refusal } from '@decent-cloud/kernel';
import type { Caller, EndpointDeclaration } from '@decent-cloud/messages';
import { LRUCache } from 'lru-cache';
import type { AllowedHosts } from './allowed-hosts.ts';
import type { Delegations } from './delegations.ts';
import type { KeyOwners } from './key-owners.ts';
import type { Nonces } from './nonces.ts';
import { type RawRequest, signedBytes } from './signed-request.ts';
import type { Verifier } from './verifier.ts';

type User = Extract<Caller, { kind: 'user' }>;
type Rule = Pick<EndpointDeclaration, 'auth' | 'permission'>;

export interface AuthenticationParts {
  readonly verifier: Verifier;
  readonly nonces: Nonces;
  readonly owners: KeyOwners;
  readonly delegations: Delegations;
  readonly allowedHosts: AllowedHosts;
  readonly clock: Clock;
}

export interface AuthenticationInput {
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query as another place of the signature (EventSource). */
  readonly signatureQuery?: (name: string) => string | undefined;
}

const SIGNATURE_HEADERS = ['x-signature', 'x-timestamp', 'x-nonce'] as const;
const KEY_HEADERS = ['x-public-key', 'x-agent-pubkey'] as const;
const ANONYMOUS: Caller = { kind: 'anonymous' };

/** Says who sent a request, or refuses it. Nothing is believed that was not verified. */
export class Authenticator {
  /** Keys whose point was checked and that have signed rightly: strangers cannot push them out. */
  private readonly acceptedKeys = new LRUCache<string, true>({ max: 20_000 });

  constructor(private readonly parts: AuthenticationParts) {}

  /** @throws Refusal with the texts that shipped clients know */
  async authenticate(rule: Rule, request: RawRequest, input: AuthenticationInput): Promise<Caller> {
    switch (rule.auth) {
      case 'public':
        return ANONYMOUS;
      case 'optional':
        return isSigned(request)
          ? await this.owner(await this.verified(request, input, 'either'))
          : ANONYMOUS;
      case 'signed':
        return await this.user(request, input);
      case 'self':
        return await this.self(request, input);
      case 'admin':
        return await this.admin(request, input);
      case 'agent':
      case 'provider-or-agent': {
        const kind = rule.auth === 'agent' ? 'agent' : 'either';
        const signed = await this.verified(request, input, kind);
        if (signed.kind === 'user') return await this.owner(signed);
        return await this.agent(signed.publicKeyHex, rule, input);
      }
    }
  }

  /** The user that a key stands for, as after a signature. @throws Refusal KEY_DISABLED, UNAVAILABLE */
  async userOfKey(publicKey: string): Promise<User> {
    const owner = await this.parts.owners.of(publicKey);
    if (owner.status === 'disabled') {
      throw new Refusal('UNAUTHENTICATED', 'KEY_DISABLED', 'Authenticated key not found or not active');
    }
    return {
      kind: 'user',
      publicKey,
      ...(owner.status === 'active' && owner.accountId !== undefined && { accountId: owner.accountId }),
      ...(owner.status === 'active' && owner.isAdmin !== undefined && { isAdmin: owner.isAdmin }),
    };
  }

  private async user(request: RawRequest, input: AuthenticationInput): Promise<User> {
    return await this.owner(await this.verified(request, input, 'user'));
  }

  private owner(signed: SignatureHeaders): Promise<User> {
    return this.userOfKey(signed.publicKeyHex);
  }

  private async self(request: RawRequest, input: AuthenticationInput): Promise<User> {
    const user = await this.user(request, input);
    const named = readPublicKey(input.params.pubkey ?? '');
    if (named === user.publicKey) return user;
    if (user.accountId !== undefined) {
      const owner = await this.parts.owners.of(named);
      if (owner.status === 'active' && owner.accountId === user.accountId) return user;
    }
    throw new Refusal(
      'FORBIDDEN',
      'NOT_OWNER',
      `Unauthorized: request pubkey ${named} does not match authenticated user ${user.publicKey}`,
    );
  }

  private async admin(request: RawRequest, input: AuthenticationInput): Promise<User> {
    const user = await this.user(request, input);
    if (user.isAdmin) return user;
    if (user.accountId === undefined) {
      throw new Refusal(
        'FORBIDDEN',
        'NOT_OWNER',
        `Admin access denied. Public key '${user.publicKey}' is not associated with any account`,
      );
    }
    const name = (await this.parts.owners.usernameOf(user.publicKey)) ?? user.accountId;
    throw new Refusal(
      'FORBIDDEN',
      'NOT_OWNER',
      `Admin access denied. Account '${name}' does not have admin privileges`,
    );
  }

  private async agent(publicKey: string, rule: Rule, { params }: AuthenticationInput): Promise<Caller> {
    const named = params.pubkey === undefined ? undefined : readPublicKey(params.pubkey);
    const delegation = await this.parts.delegations.of(publicKey, named);
    if (!delegation.active || delegation.providerPublicKey === undefined) {
      throw new Refusal(
        'UNAUTHENTICATED',
        'DELEGATION_MISSING',
        `Invalid signature: No active delegation found for agent key '${publicKey}'`,
      );
    }
    if (rule.permission !== undefined && !delegation.permissions.includes(rule.permission)) {
      throw new Refusal(
        'FORBIDDEN',
        'PERMISSION_MISSING',
        `Agent does not have '${rule.permission}' permission`,
      );
    }
    return {
      kind: 'agent',
      publicKey,
      providerPublicKey: delegation.providerPublicKey,
      ...(delegation.poolId !== undefined && { poolId: delegation.poolId }),
      permissions: delegation.permissions,
    };
  }

  /** Headers, time, key, signature, nonce: in this order, so that nobody can use up the nonces of others. */
  private async verified(
    request: RawRequest,
    input: AuthenticationInput,
    kind: 'user' | 'agent' | 'either',
  ): Promise<SignatureHeaders> {
    const { verifier, nonces, allowedHosts, clock } = this.parts;
    const signed = parseSignatureHeaders(request.headers, {
      nowNs: clock(),
      kind,
      ...(input.signatureQuery && { query: input.signatureQuery }),
    });
    if (signed.refused) {
      throw new Refusal(signed.status === 400 ? 'INVALID' : 'UNAUTHENTICATED', signed.reason, signed.text);
    }
    const isKnown = this.acceptedKeys.get(signed.publicKeyHex) === true;
    if (!isKnown && !verifier.isAcceptableKey(signed.publicKey)) {
      throw new Refusal(
        'INVALID',
        'KEY_UNACCEPTABLE',
        'Invalid format: Public key is not a safe Ed25519 point',
      );
    }
    const fail = (why: string): never => {
      throw new Refusal(
        'UNAUTHENTICATED',
        'SIGNATURE_INVALID',
        `Invalid signature: Signature verification failed: ${why}`,
      );
    };
    if (signed.version === 2 && !allowedHosts.has(request.host)) fail('the host is not one of this platform');
    if (!verifier.verify(signed.publicKey, signed.signature, signedBytes(request, signed))) {
      fail('signature does not match');
    }
    this.acceptedKeys.set(signed.publicKeyHex, true);
    await nonces.use(signed);
    return signed;
  }
}

const isSigned = ({ headers }: RawRequest): boolean =>
  SIGNATURE_HEADERS.every((name) => headers[name] !== undefined) &&
  KEY_HEADERS.some((name) => headers[name] !== undefined);

function readPublicKey(text: string): string {
  const refuse = (why: string): never => {
    throw new Refusal('INVALID', 'INVALID_INPUT', `${why} (value: ${text.slice(0, 128)})`);
  };
  if (text.length % 2 !== 0) refuse('Invalid pubkey hex: Odd number of digits');
  const wrong = /[^0-9a-fA-F]/.exec(text);
  if (wrong) refuse(`Invalid pubkey hex: Invalid character '${wrong[0]}' at position ${wrong.index}`);
  if (text.length !== 64) refuse(`Public key must be 32 bytes, got ${text.length / 2} bytes`);
  return text.toLowerCase();
}
