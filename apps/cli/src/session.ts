import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type CallOptions, type Client, createClient } from '@decent-cloud/client';
import { createSigner, type KeyPair } from '@decent-cloud/identity';
import { listMyContracts } from '@decent-cloud/messages/contracts';
import type { Answer, CallInput, EndpointDeclaration } from '@decent-cloud/messages/wire';
import { isOver } from './contract-states.ts';
import { CliError, EXIT } from './exit.ts';
import { IdentityStore } from './identity-store.ts';

/** Everything outside of the program. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  stdout(text: string): void;
  stderr(text: string): void;
  stdin(): Promise<string>;
  /** Absent where nobody can answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly signal: AbortSignal;
}

export interface GlobalOptions {
  readonly env?: 'dev' | 'prod';
  readonly apiUrl?: string;
  readonly identity?: string;
  readonly json?: boolean;
  readonly timeout?: number;
  readonly yes?: boolean;
}

const API_URLS = { dev: 'http://localhost:59011', prod: 'https://api.decent-cloud.org' };
const REQUEST_TIMEOUT_SECONDS = 30;
/** So many of the newest own rentals are looked at to find the newest living one. */
const LAST_PAGE = 200;
const LAST_PAGES = 5;

/** One run of the command line: where it speaks to, and as whom. */
export class Session {
  readonly apiUrl: string;
  readonly isProduction: boolean;
  readonly store: IdentityStore;
  private readonly env: Readonly<Record<string, string | undefined>>;
  private loaded: { name: string; keyPair: KeyPair } | undefined;
  private signedClient: Client | undefined;

  constructor(
    readonly options: GlobalOptions,
    readonly outside: Surroundings,
    private readonly idempotencyKey?: string,
  ) {
    this.env = { ...fileOf(outside.env.DC_ENV_FILE), ...outside.env };
    const environment = options.env ?? 'dev';
    this.apiUrl = options.apiUrl ?? (options.env ? undefined : this.env.DC_API_URL) ?? API_URLS[environment];
    this.isProduction = options.env === 'prod' || this.apiUrl.startsWith(API_URLS.prod);
    if (!/^https?:\/\/[^/]/.test(this.apiUrl)) {
      throw new CliError(EXIT.configuration, 'API_URL_INVALID', `"${this.apiUrl}" is not an http address`);
    }
    const chosen = this.env.DC_IDENTITY_DIR;
    this.store = chosen
      ? new IdentityStore(chosen)
      : new IdentityStore(join(outside.home, '.decent-cloud'), join(outside.home, '.dc-test-keys'));
  }

  /** Progress for people: on stderr, so that stdout holds the result alone. */
  note(text: string): void {
    if (!this.options.json) this.outside.stderr(`${text}\n`);
  }

  async identity(): Promise<{ name: string; keyPair: KeyPair }> {
    this.loaded ??= await this.loadIdentity();
    return this.loaded;
  }

  /** The named identity; without a name the only one that there is. */
  private async loadIdentity(): Promise<{ name: string; keyPair: KeyPair }> {
    const named = this.options.identity ?? this.env.DC_IDENTITY;
    if (named) return await this.store.load(named);
    const [only, ...others] = await this.store.names();
    if (only !== undefined && others.length === 0) return await this.store.load(only);
    throw new CliError(
      EXIT.configuration,
      'IDENTITY_MISSING',
      only === undefined ? `There is no identity in ${this.store.directory}` : 'Which identity?',
      only === undefined
        ? 'Make one: dc identity generate --name me'
        : `Choose with --identity or DC_IDENTITY: ${[only, ...others].sort().join(', ')}`,
    );
  }

  async publicKey(): Promise<string> {
    return (await this.identity()).keyPair.publicKeyHex;
  }

  /** A contract's id as typed; `last` is the newest own rental that lives, or that there was when none does. */
  async contractId(typed: string): Promise<string> {
    if (typed !== 'last') return typed;
    const params = { pubkey: await this.publicKey() };
    let newest: string | undefined;
    let cursor: string | undefined;
    for (let page = 0; page < LAST_PAGES; page++) {
      const query = { limit: LAST_PAGE, ...(cursor !== undefined && { cursor }) };
      const contracts = await this.call(listMyContracts, { params, query });
      newest ??= contracts[0]?.contract_id;
      const living = contracts.find(({ status }) => !isOver(status));
      if (living) return living.contract_id;
      if (contracts.length < LAST_PAGE) break;
      cursor = contracts.at(-1)?.contract_id;
    }
    if (newest !== undefined) return newest;
    throw new CliError(
      EXIT.notFound,
      'CONTRACT_NOT_FOUND',
      'You have rented nothing yet',
      'dc contract create',
    );
  }

  async client(): Promise<Client> {
    this.signedClient ??= createClient({
      baseUrl: this.apiUrl,
      signer: createSigner((await this.identity()).keyPair),
      timeoutMs: this.requestTimeoutMs,
    });
    return this.signedClient;
  }

  /** A signed client where an identity is at hand, else one for everybody. */
  private async clientFor(declaration: EndpointDeclaration): Promise<Client> {
    const isForEverybody = declaration.auth === 'public' || declaration.auth === 'optional';
    const isNamed = this.options.identity !== undefined || !!this.env.DC_IDENTITY;
    if (!isForEverybody || (declaration.auth === 'optional' && isNamed)) return await this.client();
    return createClient({ baseUrl: this.apiUrl, timeoutMs: this.requestTimeoutMs });
  }

  private get requestTimeoutMs(): number {
    return 1000 * Math.min(this.options.timeout ?? REQUEST_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS);
  }

  /** Calls an endpoint as the identity; what makes something carries an idempotency key. */
  async call<D extends EndpointDeclaration>(
    declaration: D,
    input: CallInput<D>,
    options: CallOptions = {},
  ): Promise<Answer<D>> {
    const client = await this.clientFor(declaration);
    const call = client.call as (d: D, input: CallInput<D>, options: CallOptions) => Promise<Answer<D>>;
    return await call(declaration, input, {
      signal: this.outside.signal,
      ...(declaration.idempotent && { idempotencyKey: this.idempotencyKey ?? randomUUID() }),
      ...options,
    });
  }

  /** Asks before something that cannot be undone. @throws CliError when the answer is no, or nobody can answer. */
  async confirm(question: string): Promise<void> {
    if (this.options.yes || (await this.outside.confirm?.(question))) return;
    throw new CliError(EXIT.usage, 'NOT_CONFIRMED', `Not done: ${question}`, 'Add --yes.');
  }
}

function fileOf(path: string | undefined): Record<string, string | undefined> {
  if (!path) return {};
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CliError(
      EXIT.configuration,
      'ENV_FILE_UNREADABLE',
      `DC_ENV_FILE ${path} cannot be read`,
      undefined,
      { cause },
    );
  }
}
