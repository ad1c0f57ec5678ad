import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeDnsRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content: string;
  readonly ttl: number;
  readonly proxied: boolean;
  readonly proxiable: boolean;
  readonly settings: object;
  readonly meta: object;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly created_on: string;
  readonly modified_on: string;
}

/** How it is to misbehave. `drop-after` does what it was asked to and hangs up without an answer; `unfiltered` lists everything. */
export interface FakeDnsFault {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly action: 'status' | 'rate-limit' | 'slow' | 'drop-before' | 'drop-after' | 'no-json' | 'unfiltered';
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  /** So many such requests go well before. */
  readonly after?: number;
  /** So many requests; without it, until `behave`. */
  readonly times?: number;
}

export interface FakeDnsRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

const ADDRESS_TYPES = ['A', 'AAAA'];
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const RECORDS = /^\/client\/v4\/zones\/([^/]+)\/dns_records(?:\/([^/]+))?$/;

/** Cloudflare's API of DNS records as its public documentation has it: a real HTTP server, which can misbehave. */
export class FakeCloudflare {
  readonly token = `fake-${randomBytes(20).toString('hex')}`;
  readonly zoneId = randomBytes(16).toString('hex');
  readonly requests: FakeDnsRequest[] = [];
  private readonly records = new Map<string, FakeDnsRecord>();
  private faults: (FakeDnsFault & { left: number; wait: number })[] = [];

  private constructor(
    private readonly server: Server,
    readonly domain: string,
  ) {}

  static async start(domain = 'cloud.example'): Promise<FakeCloudflare> {
    const server = createServer((request, response) => void fake.serve(request, response));
    const fake = new FakeCloudflare(server, domain);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/client/v4`;
  }

  /** What a service needs to write to this zone. */
  get env(): Record<string, string> {
    return {
      CF_API_URL: this.url,
      CF_API_TOKEN: this.token,
      CF_ZONE_ID: this.zoneId,
      CF_DOMAIN: this.domain,
      CF_GW_PREFIX: 'gw',
    };
  }

  misbehave(fault: FakeDnsFault): void {
    this.faults.push({ ...fault, left: fault.times ?? Number.POSITIVE_INFINITY, wait: fault.after ?? 0 });
  }

  behave(): void {
    this.faults = [];
  }

  /** Contents under a name, texts without their quotes, in alphabetical order. */
  contents(type: string, name: string): string[] {
    return [...this.records.values()]
      .filter((record) => record.type === type && record.name === name)
      .map(({ content }) => content.replace(/^"(.*)"$/, '$1'))
      .sort();
  }

  all(): FakeDnsRecord[] {
    return [...this.records.values()];
  }

  /** As if somebody had done it by hand. */
  put(type: string, name: string, content: string): void {
    const reply = this.create({ type, name, content, ttl: 1 });
    if (reply.status !== 200) throw new Error(`cannot put ${type} ${name}: ${JSON.stringify(reply.body)}`);
  }

  /** As if somebody had done it by hand. */
  remove(type: string, name: string): void {
    for (const { id, ...record } of this.all()) {
      if (record.type === type && record.name === name) this.records.delete(id);
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const text = Buffer.concat(chunks).toString();
    const { method = 'GET' } = request;
    this.requests.push({ method, path: url.pathname, query: url.search, body: readJson(text) });
    const fault = this.takeFault(method);
    if (fault?.action === 'drop-before') return void response.destroy();
    if (fault?.action === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 1_000));
    if (fault?.action === 'no-json') return void response.writeHead(502).end('<html>Bad gateway</html>');
    if (fault?.action === 'status') {
      return send(response, failure(fault.status ?? 500, 10_000, 'Internal error'));
    }
    if (fault?.action === 'rate-limit') {
      response.setHeader('retry-after', String(fault.retryAfterSeconds ?? 1));
      return send(response, failure(429, 971, 'Please wait and consider throttling your request speed'));
    }
    if (fault?.action === 'unfiltered') url.search = '';
    const reply = this.answer(method, url, request.headers, text);
    if (fault?.action === 'drop-after') return void response.destroy();
    send(response, reply);
  }

  private takeFault(method: string): FakeDnsFault | undefined {
    const fault = this.faults.find((one) => one.left > 0 && (one.method ?? method) === method);
    if (!fault) return undefined;
    if (fault.wait-- > 0) return undefined;
    fault.left--;
    return fault;
  }

  private answer(method: string, url: URL, headers: IncomingMessage['headers'], text: string): Reply {
    const { authorization = '' } = headers;
    if (!/^Bearer \S+$/.test(authorization)) return failure(400, 6_003, 'Invalid request headers');
    if (authorization !== `Bearer ${this.token}`) return failure(403, 9_109, 'Invalid access token');
    const [, zoneId, id] = RECORDS.exec(url.pathname) ?? [];
    if (zoneId !== this.zoneId) {
      return failure(
        404,
        7_003,
        `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`,
      );
    }
    const hasBody = method === 'POST' || method === 'PUT';
    const body = readJson(text) as Record<string, unknown> | undefined;
    if (hasBody && (headers['content-type'] !== 'application/json' || body === undefined)) {
      return failure(400, 9_207, 'Request body is invalid.');
    }
    if (id === undefined) {
      if (method === 'GET') return this.list(url.searchParams);
      if (method === 'POST') return this.create(body ?? {});
      return failure(405, 10_405, 'Method not allowed');
    }
    const known = this.records.get(id);
    if (!known) return failure(404, 81_044, 'Record does not exist.');
    if (method === 'GET') return success(known);
    if (method === 'PUT') return this.create(body ?? {}, known);
    if (method !== 'DELETE') return failure(405, 10_405, 'Method not allowed');
    this.records.delete(id);
    return success({ id });
  }

  private list(query: URLSearchParams): Reply {
    const found = [...this.records.values()].filter((record) =>
      (['type', 'name', 'content'] as const).every(
        (member) => query.get(member) === null || record[member] === query.get(member)?.replace(/\.$/, ''),
      ),
    );
    const page = Number(query.get('page') ?? 1);
    const perPage = Number(query.get('per_page') ?? 100);
    const shown = found.slice((page - 1) * perPage, page * perPage);
    return success(shown, {
      page,
      per_page: perPage,
      count: shown.length,
      total_count: found.length,
      total_pages: Math.ceil(found.length / perPage),
    });
  }

  private create(wanted: Record<string, unknown>, replaced?: FakeDnsRecord): Reply {
    const type = String(wanted.type ?? '');
    const given = String(wanted.name ?? '').toLowerCase();
    const isInside = given === this.domain || given.endsWith(`.${this.domain}`);
    // A name of another zone gets this zone's name after it, as the vendor does.
    const name = isInside ? given : `${given}.${this.domain}`;
    const ttl = Number(wanted.ttl);
    const text = String(wanted.content ?? '');
    const content = type === 'TXT' && !/^".*"$/.test(text) ? `"${text}"` : text;
    if (!/^([a-z0-9_*-]{1,63}\.)+[a-z]+$/.test(name)) return failure(400, 9_000, 'DNS name is invalid.');
    if (type === 'A' && !IPV4.test(content)) {
      return failure(400, 9_005, 'Content for A record must be a valid IPv4 address.');
    }
    if (ttl !== 1 && !(ttl >= 60 && ttl <= 86_400)) {
      return failure(400, 9_021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
    }
    const others = [...this.records.values()].filter((one) => one.name === name && one.id !== replaced?.id);
    if (others.some((one) => one.type === type && one.content === content)) {
      return failure(400, 81_058, 'An identical record already exists.');
    }
    const isAlias = (one: string) => one === 'CNAME';
    if (others.some((one) => isAlias(type) || (isAlias(one.type) && ADDRESS_TYPES.includes(type)))) {
      return failure(400, 81_053, 'An A, AAAA, or CNAME record with that host already exists.');
    }
    const now = new Date().toISOString();
    const record: FakeDnsRecord = {
      id: replaced?.id ?? randomBytes(16).toString('hex'),
      type,
      name,
      content,
      ttl,
      proxied: wanted.proxied === true,
      proxiable: ADDRESS_TYPES.includes(type),
      settings: {},
      meta: {},
      comment: typeof wanted.comment === 'string' ? wanted.comment : null,
      tags: [],
      created_on: replaced?.created_on ?? now,
      modified_on: now,
    };
    this.records.set(record.id, record);
    return success(record);
  }
}

function readJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const success = (result: unknown, more?: object): Reply => ({
  status: 200,
  body: { result, success: true, errors: [], messages: [], ...(more && { result_info: more }) },
});

const failure = (status: number, code: number, message: string): Reply => ({
  status,
  body: { result: null, success: false, errors: [{ code, message }], messages: [] },
});

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
