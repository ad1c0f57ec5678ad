import { z } from 'zod';

const CALL_TIMEOUT_MS = 1_500;
/** More than one name ever has. */
const PER_PAGE = 100;
const LONGEST_MESSAGE = 200;

const record = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  ttl: z.number(),
  proxied: z.boolean().optional(),
});
export type CloudflareRecord = z.output<typeof record>;
export type NewRecord = Omit<CloudflareRecord, 'id'>;

const listed = z.object({ result: z.array(record) });
const failed = z.object({ errors: z.array(z.object({ code: z.number(), message: z.string() })) });

export interface CloudflareZone {
  readonly url: string;
  readonly zoneId: string;
  readonly token: string;
}

/** What Cloudflare answered, or that it did not: `status` 0. */
export class CloudflareError extends Error {
  override readonly name = 'CloudflareError';

  constructor(
    message: string,
    readonly status: number,
    readonly codes: readonly number[] = [],
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Nothing is wrong with what was asked: it may go well the next time. */
  get passes(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  has(...codes: readonly number[]): boolean {
    return this.codes.some((code) => codes.includes(code));
  }
}

/** Records of one zone over Cloudflare's API, call by call. The token is in no error. */
export class CloudflareApi {
  private readonly records: string;

  constructor(private readonly zone: CloudflareZone) {
    this.records = `${zone.url.replace(/\/+$/, '')}/zones/${zone.zoneId}/dns_records`;
  }

  /** Of this name and type exactly, whatever else the answer holds: some of them are deleted next. */
  async list(type: string, name: string, signal: AbortSignal): Promise<CloudflareRecord[]> {
    const query = new URLSearchParams({ type, name, per_page: String(PER_PAGE) });
    const parsed = listed.safeParse(await this.send('GET', `?${query}`, signal));
    if (!parsed.success) throw notUnderstood('GET', parsed.error);
    return parsed.data.result.filter((one) => one.type === type && one.name.toLowerCase() === name);
  }

  async create(fresh: NewRecord, signal: AbortSignal): Promise<void> {
    await this.send('POST', '', signal, fresh);
  }

  async replace(id: string, changed: NewRecord, signal: AbortSignal): Promise<void> {
    await this.send('PUT', `/${encodeURIComponent(id)}`, signal, changed);
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    await this.send('DELETE', `/${encodeURIComponent(id)}`, signal);
  }

  private async send(method: string, path: string, signal: AbortSignal, body?: NewRecord): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.records}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.zone.token}`,
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
      });
      text = await response.text();
    } catch (error) {
      throw new CloudflareError(`${method}: no answer`, 0, [], undefined, { cause: error });
    }
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    if (response.ok) throw notUnderstood(method);
    throw refusalOf(method, response, answer);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // A page of some proxy: its status says enough.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const notUnderstood = (method: string, cause?: unknown) =>
  new CloudflareError(`${method}: an answer that cannot be read`, 0, [], undefined, { cause });

function refusalOf(method: string, response: Response, answer: unknown): CloudflareError {
  const { status } = response;
  const errors = failed.safeParse(answer).data?.errors ?? [];
  const said = errors.map(({ code, message }) => `${code} ${message}`).join('; ');
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new CloudflareError(
    `${method}: ${status} ${said.slice(0, LONGEST_MESSAGE)}`.trimEnd(),
    status,
    errors.map(({ code }) => code),
    Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined,
  );
}
