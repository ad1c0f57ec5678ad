import { baseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';
import type { StreamLimits } from './live/stream-limits.ts';

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
const onOff = z.enum(['true', 'false']).optional();
const wholeNumber = (min: number, max: number, fallback: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

/** What the gateway reads from its environment. */
export const gatewaySettings = baseSettings.extend({
  PORT: wholeNumber(0, 65_535, 59_011),
  HOST: z.string().default('0.0.0.0'),
  /** Where people reach the platform; its host is one that version 2 signatures may name. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Further hosts (`name` or `name:port`) that version 2 signatures may name. */
  ALLOWED_HOSTS: list,
  /** Further origins whose pages may call; those of the environment are always allowed. */
  CORS_ORIGINS: list,
  /** Proxies (addresses or networks) whose X-Forwarded-For is believed. */
  TRUSTED_PROXIES: list,
  /** `legacy`: refusals of services come with status 200, as shipped clients of the existing system expect. */
  API_ERROR_STATUS: z.enum(['real', 'legacy']).default('real'),
  /** Unset: only in production. */
  RATE_LIMIT_ENABLED: onOff,
  BODY_LIMIT_BYTES: wholeNumber(1_024, 16 * 1024 ** 2, 1024 ** 2),
  /** Until a connection that was opened, or is used again, must have sent the headers of its request. */
  HEADERS_TIMEOUT_SECS: wholeNumber(1, 300, 10),
  /** Until the whole request must be there, body and all. */
  REQUEST_TIMEOUT_SECS: wholeNumber(1, 3_600, 30),
  /** How long a connection may rest after an answer: longer than any proxy before it lets it. */
  KEEP_ALIVE_TIMEOUT_SECS: wholeNumber(1, 3_600, 72),
  /** Open at once from one address (of an IPv6 line: from its /64). Behind TRUSTED_PROXIES that is theirs to limit. */
  CONNECTIONS_PER_ADDRESS: wholeNumber(1, 100_000, 5_000),
  /** Of an address, for secrets that can be guessed; in every environment. */
  WRONG_GUESSES_PER_MINUTE: wholeNumber(1, 1_000_000, 10),
  SERVICE_TIMEOUT_MS: wholeNumber(100, 60_000, 5_000),
  SSE_KEEP_ALIVE_SECS: wholeNumber(1, 300, 15),
  /** Of this gateway in all, of each key, and of each address (of an IPv6 line: its /64). */
  SSE_STREAMS_MAX: wholeNumber(1, 100_000, 5_000),
  SSE_STREAMS_PER_KEY: wholeNumber(1, 1_000, 10),
  SSE_STREAMS_PER_ADDRESS: wholeNumber(1, 100_000, 2_000),
  /** The same for keys that have no account: anybody can make a thousand of them. */
  SSE_STREAMS_MAX_WITHOUT_ACCOUNT: wholeNumber(0, 100_000, 1_000),
  SSE_STREAMS_PER_KEY_WITHOUT_ACCOUNT: wholeNumber(0, 1_000, 3),
  SSE_STREAMS_PER_ADDRESS_WITHOUT_ACCOUNT: wholeNumber(0, 100_000, 100),
});
export type GatewaySettings = z.output<typeof gatewaySettings>;

export function isRateLimited(settings: GatewaySettings): boolean {
  return settings.RATE_LIMIT_ENABLED === undefined
    ? settings.ENVIRONMENT === 'prod'
    : settings.RATE_LIMIT_ENABLED === 'true';
}

export function streamLimits(settings: GatewaySettings): StreamLimits {
  return {
    max: settings.SSE_STREAMS_MAX,
    perKey: settings.SSE_STREAMS_PER_KEY,
    perAddress: settings.SSE_STREAMS_PER_ADDRESS,
    withoutAccount: {
      max: settings.SSE_STREAMS_MAX_WITHOUT_ACCOUNT,
      perKey: settings.SSE_STREAMS_PER_KEY_WITHOUT_ACCOUNT,
      perAddress: settings.SSE_STREAMS_PER_ADDRESS_WITHOUT_ACCOUNT,
    },
  };
}
