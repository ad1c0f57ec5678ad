import { createSigner, generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';
import { SMALL_OFFERING } from './small-offering.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC sample';

// biome-ignore lint/suspicious/noExplicitAny: an answer as it comes over the wire
export type Wire = any;

export interface Said {
  readonly status: number;
  /** The reason, or `ok`. */
  readonly code: string;
  readonly data: Wire;
}

export interface Call {
  readonly method: string;
  /** Below `/api/v1`. */
  readonly path: string;
  readonly query?: string;
  readonly body?: object;
  /** Signs as an agent. */
  readonly agent?: boolean;
}

/** Signs and sends as shipped clients do. */
export async function sendAs(apiUrl: string, key: KeyPair, call: Call): Promise<Said> {
  const { method, query = '', agent = false } = call;
  const path = `/api/v1${call.path}`;
  const text = method === 'GET' || call.body === undefined ? '' : printExactJson(call.body);
  const bytes = new TextEncoder().encode(text);
  const headers = await createSigner(key, { version: 1, agent }).sign({
    ...{ method, host: new URL(apiUrl).host, path, query, body: bytes },
    ...{ timestampNs: BigInt(Date.now()) * 1_000_000n, nonce: crypto.randomUUID() },
  });
  const response = await fetch(`${apiUrl}${path}${query && `?${query}`}`, {
    method,
    headers: { ...headers, ...(text !== '' && { 'content-type': 'application/json' }) },
    ...(text !== '' && { body: bytes }),
    signal: AbortSignal.timeout(15_000),
  });
  const answer = (await response.json().catch(() => ({}))) as { code?: string; data?: Wire };
  return { status: response.status, code: answer.code ?? 'ok', data: answer.data };
}

/** A key with a wallet, a rental, a pool, an offering and an agent, that never registered an account. */
export class KeyHolder {
  readonly key = generateKeyPair();
  readonly agentKey = generateKeyPair();
  private readonly own: Record<string, string> = {};

  constructor(private readonly apiUrl: string) {}

  get publicKey(): string {
    return this.key.publicKeyHex;
  }

  /** What a provider who also rents does, one thing after the other. */
  async settle(demoOffering: bigint): Promise<void> {
    const { publicKey } = this;
    await this.done('POST', `/users/${publicKey}/wallet/topup`, { amountUsd: 50, method: 'test' });
    const pools = `/providers/${publicKey}/pools`;
    const pool = { name: 'Sample', location: 'europe', provisionerType: 'docker' };
    const { poolId } = await this.done('POST', pools, pool);
    const token = () => this.done('POST', `${pools}/${poolId}/setup-tokens`, {});
    const setUp = { token: (await token()).token, agentPubkey: this.agentKey.publicKeyHex };
    const named = await sendAs(this.apiUrl, this.agentKey, {
      ...{ method: 'POST', path: '/agents/setup', body: setUp, agent: true },
    });
    if (named.code !== 'ok') throw new Error(`the agent was not set up: ${named.code}`);
    const offering = { ...SMALL_OFFERING, offering_id: 'sample', offer_name: 'Sample' };
    const offeringId = await this.done('POST', `/providers/${publicKey}/offerings`, offering);
    const rental = { offering_db_id: demoOffering, ssh_pubkey: SSH_KEY, duration_hours: 1 };
    const { contractId } = await this.done('POST', '/contracts', { ...rental, payment_method: 'wallet' });
    const account = await this.account();
    Object.assign(this.own, {
      pubkey: publicKey,
      pool_id: poolId,
      token: (await token()).token,
      agent_pubkey: this.agentKey.publicKeyHex,
      offering: String(offeringId),
      contract_id: contractId,
      username: account.username,
      key_id: account.publicKeys[0].id,
    });
  }

  /** The account that the platform knows this key by. */
  async account(): Promise<Wire> {
    return (await this.call('GET', '/accounts', undefined, `publicKey=${this.publicKey}`)).data;
  }

  call(method: string, path: string, body?: object, query?: string): Promise<Said> {
    return sendAs(this.apiUrl, this.key, { method, path, ...(body && { body }), ...(query && { query }) });
  }

  /** An endpoint with what is this holder's wherever its path or body asks for something. */
  callOf({ method, path, auth, ...declaration }: EndpointDeclaration): Call {
    const isOffering = path.includes('/offerings/');
    const filled = path.replaceAll(/\{([^}]*)\}/g, (_, name: string) => {
      if (name === 'id') return this.own[isOffering ? 'offering' : 'contract_id'] ?? '1';
      if (name === 'key_id' && path.includes('external-keys')) return '1';
      return this.own[name] ?? '1';
    });
    return {
      method,
      path: filled.replace('/api/v1', ''),
      query: path === '/api/v1/accounts' ? `publicKey=${this.publicKey}` : '',
      body: { ...exampleOf(declaration.body), ...this.named(path, method) },
      agent: auth === 'agent',
    };
  }

  /** Members of bodies that name a key. */
  private named(path: string, method: string): object {
    const agentPubkey = this.agentKey.publicKeyHex;
    if (path === '/api/v1/agents/setup') return { token: 'apt_europe_unknown', agentPubkey };
    if (path === '/api/v1/accounts/{username}/keys') return { newPublicKey: generateKeyPair().publicKeyHex };
    if (path !== '/api/v1/accounts' || method !== 'POST') return {};
    const username = `holder-${this.publicKey.slice(0, 8)}`;
    return { username, publicKey: this.publicKey, email: `${username}@example.com` };
  }

  private async done(method: string, path: string, body: object): Promise<Wire> {
    const said = await this.call(method, path, body);
    if (said.code !== 'ok') throw new Error(`${method} ${path}: ${said.status} ${said.code}`);
    return said.data;
  }
}

function exampleOf(schema: unknown): object {
  const meta = (schema as { meta?: () => { examples?: object[] } | undefined } | undefined)?.meta?.();
  return meta?.examples?.[0] ?? {};
}
