import { encodeAccount, encodeOperator, encodeUser } from '@nats-io/jwt';
import { signerOf } from './keys.ts';

/** The root of trust. Its seed signs this once; day to day the signing key signs accounts. */
export function operatorJwt(options: {
  readonly operatorSeed: string;
  readonly signingKeyPublic: string;
  readonly systemAccountPublic: string;
}): Promise<string> {
  return encodeOperator('decent-cloud', signerOf(options.operatorSeed), {
    signing_keys: [options.signingKeyPublic],
    system_account: options.systemAccountPublic,
  });
}

/** The account in which the broker itself speaks; only the coordinator of agents has a user there. */
export function systemAccountJwt(options: {
  readonly accountPublicKey: string;
  readonly operatorSigningSeed: string;
  readonly userSigningKeyPublic: string;
}): Promise<string> {
  return encodeAccount(
    'SYS',
    options.accountPublicKey,
    {
      limits: { ...NO_LIMITS, leaf: 0 },
      signing_keys: [options.userSigningKeyPublic],
    },
    { signer: signerOf(options.operatorSigningSeed) },
  );
}

/** May push account JWTs and nothing else. */
export function systemUserJwt(options: {
  readonly userPublicKey: string;
  readonly accountPublicKey: string;
  readonly userSigningSeed: string;
}): Promise<string> {
  return encodeUser(
    'account-pusher',
    options.userPublicKey,
    options.accountPublicKey,
    {
      bearer_token: false,
      pub: { allow: ['$SYS.REQ.CLAIMS.UPDATE'] },
      sub: { allow: ['_INBOX.>'] },
    },
    { signer: signerOf(options.userSigningSeed) },
  );
}

/** Everything unlimited, said in full: what an account JWT leaves out counts as zero. */
export const NO_LIMITS = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
  disallow_bearer: true,
} as const;
