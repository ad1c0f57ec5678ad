import { readServiceKeys } from '@decent-cloud/bus';
import { z } from 'zod';

/** What every service reads from its environment, once. A bad value stops the start. */
export const baseSettings = z.object({
  SERVICE_NAME: z.string().optional(),
  /** `prod` is production; anything unknown is refused, so that a typing error never means "development". */
  ENVIRONMENT: z.enum(['dev', 'test', 'prod']).default('dev'),
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  NATS_CREDS_FILE: z.string().optional(),
  /** The keys with which this service signs what it asks and says, and checks what it is asked and told. Secret. */
  SERVICE_KEYS: z.string().transform((text, context) => {
    try {
      return readServiceKeys(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  }),
  NATS_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  /** Port for /health and /metrics; 0 picks a free one. */
  OPS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  OPS_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  GRACEFUL_SHUTDOWN_TIMEOUT_SECS: z.coerce.number().int().min(1).max(300).default(30),
});
export const databaseSettings = baseSettings.extend({ DATABASE_URL: z.string().min(1) });

export type BaseSettings = z.output<typeof baseSettings>;
export type DatabaseSettings = z.output<typeof databaseSettings>;

/**
 * Reads settings from environment variables.
 * @throws Error naming every variable that is wrong and what was expected; values are not shown, they may be secrets.
 */
export function readSettings<S extends z.ZodType>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<S> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(
    `The configuration is not usable. Correct these environment variables:\n${faults.join('\n')}`,
  );
}

/** Injection token of a service's settings. */
export const SETTINGS = Symbol('settings');
