import { type Account, encodeAccount, encodeUser, type Import } from '@nats-io/jwt';
import { agentExports } from './hub-account.ts';
import { signerOf } from './keys.ts';
import { NO_LIMITS } from './operator.ts';
import { userKeyOfEd25519 } from './raw-keys.ts';

/** Under which an agent finds the hub's JetStream API: under its own name the agent's account would answer first. */
const API_PREFIX = 'JSH.API';

export interface AgentAccountOptions {
  /** Public key of an account whose seed nobody keeps (`newAccountWithoutSeed`). */
  readonly accountPublicKey: string;
  readonly hubAccountPublicKey: string;
  readonly operatorSigningSeed: string;
  /** The key with which the coordinator signs users of every agent account. */
  readonly userSigningKeyPublic: string;
  /** Users that were made up to this second (Unix) are refused, and cut off. */
  readonly refusedUpToSeconds?: number;
}

/** The account of one agent: it can reach its own commands, events, heartbeat and calls in the hub, and nothing else. */
export function agentAccountJwt(options: AgentAccountOptions): Promise<string> {
  const { refusedUpToSeconds } = options;
  const revocations = refusedUpToSeconds === undefined ? {} : { revocations: { '*': refusedUpToSeconds } };
  return encode(options, { limits: { ...AGENT_LIMITS }, ...revocations });
}

/** The same account with no connection allowed and every user JWT issued so far revoked. */
export function revokedAgentAccountJwt(options: AgentAccountOptions, nowSeconds: number): Promise<string> {
  return encode(options, { limits: { ...AGENT_LIMITS, conn: 0 }, revocations: { '*': nowSeconds } });
}

const AGENT_LIMITS = {
  ...NO_LIMITS,
  leaf: 0,
  exports: 0,
  /** One at work, one that takes over while it restarts or renews, one of the doctor. */
  conn: 4,
  subs: 100,
  payload: 1_048_576,
} as const;

function encode(options: AgentAccountOptions, differing: Partial<Account>): Promise<string> {
  return encodeAccount(
    `agent ${options.accountPublicKey}`,
    options.accountPublicKey,
    {
      imports: agentImports(options),
      signing_keys: [options.userSigningKeyPublic],
      ...differing,
    },
    { signer: signerOf(options.operatorSigningSeed) },
  );
}

function agentImports(options: AgentAccountOptions): Import[] {
  return agentExports.map(({ name, subject }) => {
    const own = subject.replace('*', options.accountPublicKey);
    return {
      name,
      subject: own,
      account: options.hubAccountPublicKey,
      type: 'service',
      local_subject: own.replace(/^\$JS\.API/, API_PREFIX),
    };
  });
}

export interface AgentUserOptions {
  readonly accountPublicKey: string;
  /** 64 hex digits: the agent's Ed25519 key is its key at the broker too. */
  readonly agentPublicKeyHex: string;
  readonly userSigningSeed: string;
  /** Unix seconds. */
  readonly expiresAtSeconds: number;
  /** For a look beside the agent: nothing can be reported, fetched or acknowledged with it. */
  readonly onlyLooks?: boolean;
}

const LOOKS: ReadonlySet<string> = new Set(['consumer-info', 'rpc']);

/** What an agent signs in with. Not a bearer token: the broker has the agent sign a nonce. */
export function agentUserJwt(options: AgentUserOptions): Promise<string> {
  const account = options.accountPublicKey;
  return encodeUser(
    `agent ${options.agentPublicKeyHex}`,
    userKeyOfEd25519(options.agentPublicKeyHex),
    account,
    {
      bearer_token: false,
      allowed_connection_types: ['STANDARD', 'WEBSOCKET'],
      pub: {
        allow: agentExports
          .filter(({ name }) => !options.onlyLooks || LOOKS.has(name))
          .map(({ subject }) => subject.replace('*', account).replace(/^\$JS\.API/, API_PREFIX)),
      },
      sub: { allow: ['_INBOX.>'] },
    },
    { signer: signerOf(options.userSigningSeed), exp: options.expiresAtSeconds },
  );
}

export const AGENT_USER_LIFE_SECONDS = 3_600;
