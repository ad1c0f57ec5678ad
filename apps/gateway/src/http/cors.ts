const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const HEADERS = [
  'accept',
  'authorization',
  'cache-control',
  'content-type',
  'idempotency-key',
  'last-event-id',
  'traceparent',
  'tracestate',
  'x-account-id',
  'x-agent-pubkey',
  'x-api-key',
  'x-nonce',
  'x-public-key',
  'x-request-id',
  'x-signature',
  'x-signature-version',
  'x-timestamp',
];
const EXPOSED = 'date, retry-after, x-ratelimit-tier, x-request-id';
const MAX_AGE_SECONDS = '86400';
const PROD_ORIGIN = 'https://decent-cloud.org';
const DEV_ORIGIN = 'https://dev.decent-cloud.org';
const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?$/;

export interface CorsOptions {
  readonly isProduction: boolean;
  readonly publicUrl: string | undefined;
  readonly origins: readonly string[];
}

export interface CorsInput {
  readonly method: string;
  readonly origin: string | undefined;
  readonly requestMethod: string | undefined;
  readonly requestHeaders: string | undefined;
}

export type CorsDecision =
  | { readonly kind: 'pass' | 'preflight'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'refuse'; readonly text: string };

/** Decides which pages of other origins may call. Requests without `Origin` are none of its business. */
export class CorsRules {
  private readonly origins: ReadonlySet<string>;

  constructor(private readonly options: CorsOptions) {
    this.origins = new Set([
      options.isProduction ? PROD_ORIGIN : DEV_ORIGIN,
      ...options.origins,
      ...(options.publicUrl === undefined ? [] : [new URL(options.publicUrl).origin]),
    ]);
  }

  decide({ method, origin, requestMethod, requestHeaders }: CorsInput): CorsDecision {
    if (origin === undefined) return { kind: 'pass', headers: { vary: 'Origin' } };
    if (!this.isAllowed(origin)) return { kind: 'refuse', text: 'request-origin not allowed' };
    const common = {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': EXPOSED,
    };
    if (method !== 'OPTIONS' || requestMethod === undefined) return { kind: 'pass', headers: common };
    if (!METHODS.includes(requestMethod)) return { kind: 'refuse', text: 'request-method not allowed' };
    const wanted = (requestHeaders ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== '');
    if (!wanted.every((name) => HEADERS.includes(name))) {
      return { kind: 'refuse', text: 'request-headers not allowed' };
    }
    return {
      kind: 'preflight',
      headers: {
        ...common,
        'access-control-allow-methods': METHODS.join(', '),
        'access-control-allow-headers': HEADERS.join(', '),
        'access-control-max-age': MAX_AGE_SECONDS,
      },
    };
  }

  private isAllowed(origin: string): boolean {
    return this.origins.has(origin) || (!this.options.isProduction && LOCAL_ORIGIN.test(origin));
  }
}
