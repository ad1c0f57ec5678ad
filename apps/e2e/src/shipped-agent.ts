import { randomUUID } from 'node:crypto';
import { bytesToHex, generateKeyPair, type KeyPair, signEd25519ph } from '@decent-cloud/identity';

// biome-ignore lint/suspicious/noExplicitAny: an answer as it comes over the wire
export type Wire = any;

/** An agent of the existing system: knows HTTP, paths and names only, nothing of our declarations. */
export class ShippedAgent {
  readonly key: KeyPair = generateKeyPair();
  provider = '';

  constructor(private readonly apiUrl: string) {}

  /** As it is set up once, with a token from its provider. */
  async setUp(token: string): Promise<Wire> {
    const answer = await this.send(
      'POST',
      '/agents/setup',
      { token, agentPubkey: this.key.publicKeyHex },
      {},
    );
    this.provider = answer.body.data?.providerPubkey;
    return answer;
  }

  /** Below the provider's path. */
  ofProvider(method: string, path: string, body?: object): Promise<Wire> {
    return this.call(method, `/providers/${this.provider}${path}`, body);
  }

  call(method: string, path: string, body?: object): Promise<Wire> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const timestamp = String(BigInt(Date.now()) * 1_000_000n);
    const nonce = randomUUID();
    const signed = new TextEncoder().encode(`${timestamp}${nonce}${method}/api/v1${path}${text}`);
    return this.send(method, path, body, {
      'x-agent-pubkey': this.key.publicKeyHex,
      'x-signature': bytesToHex(signEd25519ph(this.key.seed, signed)),
      'x-timestamp': timestamp,
      'x-nonce': nonce,
    });
  }

  /** As the web server of its gateway does it, with what registering has given. */
  answerChallenge(registered: Wire, txt: string, key: string = registered.acmeDnsPassword): Promise<Wire> {
    const { acmeDnsServerUrl, acmeDnsUsername, acmeDnsSubdomain: subdomain } = registered;
    const headers = { 'x-api-user': acmeDnsUsername, 'x-api-key': key };
    return this.sendTo(`${acmeDnsServerUrl}/update`, 'POST', { subdomain, txt }, headers);
  }

  private send(
    method: string,
    path: string,
    body: object | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Wire> {
    return this.sendTo(`${this.apiUrl}/api/v1${path}`, method, body, headers);
  }

  private async sendTo(
    url: string,
    method: string,
    body: object | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Wire> {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    return { status: response.status, body: await response.json() };
  }
}
