import { Asker, DEFAULT_REQUEST_TIMEOUT_MS, type RequestOptions, type ServiceKeys } from '@decent-cloud/bus';
import { crash, Refusal } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  mayAsk,
  ownerOf,
  type RequestDeclaration,
} from '@decent-cloud/messages';
import type { NatsConnection } from '@nats-io/transport-node';
import { withBreaker } from './breaker.ts';
import { tooLate } from './door.ts';
import type { Metrics } from './metrics.ts';
import { currentRequestId, timeLeftMs } from './request-scope.ts';

/** After so long a service that kept failing is asked again: restarts are short. */
const BREAKER_RESET_MS = 1_000;
/** The bus has its own, shorter limit for each request; this one only bounds the breaker. */
const BREAKER_TIMEOUT_MS = 65_000;

/** An answer that would come later than that is not waited for. */
const LEAST_WORTH_ASKING_MS = 5;

export type AskOptions = Partial<Omit<RequestOptions, 'caller'>>;
type Asking = (ask: () => Promise<unknown>) => Promise<unknown>;

/** Asks other services in the name of this one. */
export class Bus {
  private readonly breakers = new Map<string, Asking>();
  private readonly caller: Caller;
  /** For those who ask in another's name. */
  readonly asker: Asker;

  constructor(
    readonly connection: NatsConnection,
    private readonly serviceName: string,
    keys: ServiceKeys,
    private readonly metrics: Metrics,
  ) {
    this.caller = { kind: 'service', name: serviceName };
    this.asker = new Asker(connection, serviceName, keys);
  }

  /**
   * Asks once; the caller decides what a lost answer means. Within a request it takes no longer than that one has left.
   * @throws Refusal as the other service refused, or UNAVAILABLE when it does not answer (a breaker spares it then).
   */
  async ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    options: AskOptions = {},
  ): Promise<Answer<D>> {
    if (!mayAsk(this.serviceName, declaration, this.caller)) {
      throw new Error(`${this.serviceName} asks ${declaration.subject}, but is not in its askedBy`);
    }
    const leftMs = timeLeftMs() ?? Number.POSITIVE_INFINITY;
    if (leftMs < LEAST_WORTH_ASKING_MS) throw tooLate();
    const timeoutMs = Math.min(leftMs, options.timeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
    const requestId = options.requestId ?? currentRequestId() ?? globalThis.crypto.randomUUID();
    const service = ownerOf(declaration.subject);
    try {
      const answer = await this.breakerOf(service)(() =>
        this.once(declaration, input, { ...options, timeoutMs, requestId, caller: this.caller }),
      );
      return answer as Answer<D>;
    } catch (error) {
      if (!isBreakerError(error)) throw error;
      throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${service} service does not answer`, {
        cause: error,
      });
    }
  }

  private async once<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    options: RequestOptions,
  ): Promise<Answer<D>> {
    const pointOf = (place: string) => `${this.serviceName}:ask:${declaration.subject}:${place}`;
    crash.points?.pass(pointOf('before'));
    const answer = await this.asker.ask(declaration, input, options);
    if (!crash.points?.pass(pointOf('after'))) return answer;
    return this.asker.ask(declaration, input, options);
  }

  private breakerOf(service: string): Asking {
    const known = this.breakers.get(service);
    if (known) return known;
    const made = withBreaker(
      this.metrics,
      {
        name: `bus:${service}`,
        timeoutMs: BREAKER_TIMEOUT_MS,
        resetMs: BREAKER_RESET_MS,
        isHealthyError: (error) => error instanceof Refusal && error.code !== 'UNAVAILABLE',
      },
      (ask: () => Promise<unknown>) => ask(),
    );
    this.breakers.set(service, made);
    return made;
  }
}

function isBreakerError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'EOPENBREAKER' || code === 'ETIMEDOUT';
}
