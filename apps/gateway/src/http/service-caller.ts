import type { Asker } from '@decent-cloud/bus';
import { parseExactJson, Refusal, type RefusalJson } from '@decent-cloud/kernel';
import { type BusRequest, type EndpointDeclaration, ownerOf } from '@decent-cloud/messages';
import { type Metrics, withBreaker } from '@decent-cloud/runtime';
import { ServiceRefusal } from './service-refusal.ts';

const BREAKER_RESET_MS = 1_000;
const DATA = '{"data":';
const OUTCOME_UNKNOWN = 'OUTCOME_UNKNOWN';

type Ask = (subject: string, message: BusRequest) => Promise<string>;

/** Hands requests to the services that own them; a service that keeps silent is spared for a second. */
export class ServiceCaller {
  private readonly breakers = new Map<string, Ask>();

  constructor(
    private readonly asker: Asker,
    private readonly metrics: Metrics,
    private readonly timeoutMs: number,
    private readonly isBusUp: () => boolean,
  ) {}

  /**
   * The JSON text of the answer's data, as the service printed it.
   * @throws ServiceRefusal, Refusal UNAVAILABLE, Error when the service failed
   */
  async call(declaration: EndpointDeclaration, message: BusRequest): Promise<string> {
    const service = ownerOf(declaration.subject);
    if (!this.isBusUp()) throw unavailable(service);
    const text = await this.ask(service, declaration, message);
    if (text.startsWith(DATA) && text.endsWith('}')) return text.slice(DATA.length, -1);
    const reply = parseExactJson(text) as { refusal?: RefusalJson };
    if (reply.refusal) throw refusedBy(service, declaration, message, reply.refusal);
    throw new Error(`${declaration.subject} failed; its log says why under the same request id`);
  }

  private async ask(service: string, declaration: EndpointDeclaration, message: BusRequest): Promise<string> {
    try {
      return await this.breakerOf(service)(declaration.subject, message);
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'EOPENBREAKER') throw unavailable(service, error);
      const isUnknown = error instanceof Refusal && error.reason === OUTCOME_UNKNOWN;
      if (code === 'ETIMEDOUT' || isUnknown) throw unknown(service, declaration, message, error);
      throw error;
    }
  }

  private breakerOf(service: string): Ask {
    const known = this.breakers.get(service);
    if (known) return known;
    const made = withBreaker(
      this.metrics,
      {
        name: `http:${service}`,
        timeoutMs: this.timeoutMs + 1_000,
        resetMs: BREAKER_RESET_MS,
        // Only silence opens it: "nobody there" is answered at once anyway, and ends without a wait.
        isHealthyError: (error) => !(error instanceof Refusal && isTimeout(error)),
      },
      (subject: string, message: BusRequest) => this.asker.text(subject, message, this.timeoutMs),
    );
    this.breakers.set(service, made);
    return made;
  }
}

function isTimeout(refusal: Refusal): boolean {
  return refusal.code === 'UNAVAILABLE' && (refusal.cause as Error | undefined)?.name === 'TimeoutError';
}

/** Of what reads, nothing is left undone; of what writes, it must be said how to find out. */
function unknown(
  service: string,
  { method, idempotent }: EndpointDeclaration,
  { idempotencyKey }: BusRequest,
  cause?: unknown,
): Refusal {
  if (method === 'GET') return unavailable(service, cause);
  const next =
    idempotent && idempotencyKey !== undefined
      ? `Send it again with Idempotency-Key ${idempotencyKey}: it is done once`
      : 'Look whether it is done before sending it again';
  const text = `The ${service} service has not answered in time: it was not begun and will not be, or it was begun and is done. ${next}`;
  return new Refusal('UNAVAILABLE', OUTCOME_UNKNOWN, text, { cause });
}

/** A service that itself does not know what became of a part of it says so in its own words. */
function refusedBy(
  service: string,
  declaration: EndpointDeclaration,
  message: BusRequest,
  refusal: RefusalJson,
): ServiceRefusal {
  return new ServiceRefusal(
    refusal.reason === OUTCOME_UNKNOWN ? unknown(service, declaration, message).toJSON() : refusal,
  );
}

function unavailable(service: string, cause?: unknown): Refusal {
  return new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${service} service does not answer`, {
    cause,
  });
}
