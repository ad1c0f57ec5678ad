import { MessageAges, type ServiceKeys, verifyRequest } from '@decent-cloud/bus';
import { parseExactJson, Refusal } from '@decent-cloud/kernel';
import { type BusRequest, mayAsk, type RequestDeclaration } from '@decent-cloud/messages';
import type { Msg } from '@nats-io/transport-node';

const TICK_MS = 250;
/** A process that has not had a turn for so long was stopped, or had no processor. */
const STANDSTILL_MS = 1_000;

/** A request that has been let in. */
export interface Admitted {
  readonly asker: string;
  readonly request: BusRequest;
  /** `performance.now()` at which nobody waits for the answer any more. */
  readonly lateAtMs: number;
}

export const TOO_LATE = 'The request was read too late: nothing was done';

/** Nothing was done, and nothing will be. */
export const tooLate = (): Refusal => new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', TOO_LATE);

/** Lets in what another service has signed, and only while somebody waits for the answer. */
export class Door {
  private readonly ages = new MessageAges();
  private tickedAtMs = performance.now();
  private readonly ticking: NodeJS.Timeout;

  constructor(private readonly keys: ServiceKeys) {
    this.ticking = setInterval(() => {
      this.tickedAtMs = performance.now();
    }, TICK_MS);
    this.ticking.unref();
  }

  close(): void {
    clearInterval(this.ticking);
  }

  /**
   * Who sent a message, and what it says; it is not parsed before that is known.
   * @throws Refusal when no service of this platform has signed it for this subject, or when it lay too long
   */
  admit(message: Msg): Admitted {
    const head = verifyRequest(
      (asker) => this.keys.answers.get(asker),
      message.headers,
      message.subject,
      message.data,
    );
    if (!head) {
      throw new Refusal(
        'UNAUTHENTICATED',
        'SIGNATURE_INVALID',
        'This was not signed by a service of the platform',
      );
    }
    const nowMs = performance.now();
    const sinceTickMs = nowMs - this.tickedAtMs;
    const stoodStillMs = sinceTickMs > STANDSTILL_MS ? sinceTickMs : 0;
    const ageMs = this.ages.of(head.process, head.sentMs, nowMs, stoodStillMs);
    if (ageMs > head.waitMs) throw tooLate();
    return {
      asker: head.asker,
      request: parseRequest(message),
      lateAtMs: nowMs + head.waitMs - ageMs,
    };
  }
}

/** @throws Refusal when the asking service may not ask this, or not in the name of this caller */
export function assertMayAsk(declaration: RequestDeclaration, { asker, request }: Admitted): void {
  if (mayAsk(asker, declaration, request.caller)) return;
  throw new Refusal('FORBIDDEN', 'NOT_OWNER', `The ${asker} service may not ask this`);
}

function parseRequest(message: Msg): BusRequest {
  try {
    const request = parseExactJson(message.string()) as Partial<BusRequest> | null;
    if (typeof request?.caller?.kind === 'string') return request as BusRequest;
  } catch {
    // Refused below, like everything that is no request.
  }
  throw new Refusal('INVALID', 'INVALID_INPUT', 'not a request of this platform');
}
