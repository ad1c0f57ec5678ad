import { requestText } from '@decent-cloud/bus';
import { parseExactJson, Refusal } from '@decent-cloud/kernel';
import { type BusRequest, type EndpointDeclaration, ownerOf } from '@decent-cloud/messages';
import { type Metrics, withBreaker } from '@decent-cloud/runtime';
import type { NatsConnection } from '@nats-io/transport-node';
import { ServiceRefusal } from './service-refusal.ts';

const BREAKER_RESET_MS = 1_000;
const DATA = '{"data":';

type Ask = (subject: string, message: BusRequest) => Promise<string>;

/** Hands requests to the services that own them; a service that keeps silent is spared for a second. */
export class ServiceCaller {
  private readonly breakers = new Map<string, Ask>();

  constructor(
    private readonly connection: NatsConnection,
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
    const text = await this.ask(service, declaration.subject, message);
    if (text.startsWith(DATA) && text.endsWith('}')) return text.slice(DATA.length, -1);
    const reply = parseExactJson(text) as { refusal?: ConstructorParameters<typeof ServiceRefusal>[0] };
    if (reply.refusal) throw new ServiceRefusal(reply.refusal);
    throw new Error(`${declaration.subject} failed; its log says why under the same request id`);
  }

  private async ask(service: string, subject: string, message: BusRequest): Promise<string> {
    try {
      return await this.breakerOf(service)(subject, message);
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'EOPENBREAKER' || code === 'ETIMEDOUT') throw unavailable(service, error);
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
      (subject: string, message: BusRequest) =>
        requestText(this.connection, subject, message, this.timeoutMs),
    );
    this.breakers.set(service, made);
    return made;
  }
}

function isTimeout(refusal: Refusal): boolean {
  return refusal.code === 'UNAVAILABLE' && (refusal.cause as Error | undefined)?.name === 'TimeoutError';
}

function unavailable(service: string, cause?: unknown): Refusal {
  return new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${service} service does not answer`, {
    cause,
  });
}
