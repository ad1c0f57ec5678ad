import { createHash } from 'node:crypto';
import { printExactJson, Refusal, systemClock, uuidV7 } from '@decent-cloud/kernel';
import type { BusRequest } from '@decent-cloud/messages';
import { type Database } from '@decent-cloud/postgres';

/** How long a first request may run before a repeat takes its operation over. */
const CLAIM_SECONDS = 60;

export type Claim =
  | { readonly kind: 'run'; readonly operationId: string }
  | { readonly kind: 'replay'; readonly answer: string };

interface KeyRow {
  input_hash: string;
  operation_id: string;
  answer: string | null;
  in_flight: boolean;
}

const CLAIM = `insert into messaging.idempotency_key (caller, subject, key, input_hash, operation_id, claimed_until)
   values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) on conflict do nothing returning operation_id`;
const KEEP = `update messaging.idempotency_key set answer = $4 where caller = $1 and subject = $2 and key = $3`;

/** Idempotency keys of one service: key, caller and hash of the input, with the answer once there is one. */
export class IdempotencyKeys {
  constructor(private readonly database: Database) {}

  /**
   * Takes the key for this request, or gives back the answer of the first one.
   * @throws Refusal UNPROCESSABLE when the key was used for other input, CONFLICT while the first request runs.
   */
  async claim(subject: string, message: BusRequest): Promise<Claim> {
    const { caller, key } = this.identify(message);
    const hash = createHash('sha256')
      .update(printExactJson([message.params, message.query, message.body]))
      .digest('hex');
    const [fresh] = await this.database.query<{ operation_id: string }>(CLAIM, [
      caller,
      subject,
      key,
      hash,
      uuidV7(systemClock()),
      CLAIM_SECONDS,
    ]);
    if (fresh) return { kind: 'run', operationId: fresh.operation_id };
    const [known] = await this.database.query<KeyRow>(
      `select input_hash, operation_id, answer, claimed_until > now() as in_flight
       from messaging.idempotency_key where caller = $1 and subject = $2 and key = $3`,
      [caller, subject, key],
    );
    if (!known) return this.claim(subject, message);
    if (known.input_hash !== hash) {
      throw new Refusal(
        'UNPROCESSABLE',
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key was used for a different request',
      );
    }
    if (known.answer !== null) return { kind: 'replay', answer: known.answer };
    if (known.in_flight) {
      throw new Refusal(
        'CONFLICT',
        'IDEMPOTENCY_KEY_IN_FLIGHT',
        'A request with this Idempotency-Key is still running',
      );
    }
    const taken = await this.database.query(
      `update messaging.idempotency_key set claimed_until = now() + make_interval(secs => $4)
       where caller = $1 and subject = $2 and key = $3 and answer is null and claimed_until < now() returning 1`,
      [caller, subject, key, CLAIM_SECONDS],
    );
    return taken.length === 1
      ? { kind: 'run', operationId: known.operation_id }
      : this.claim(subject, message);
  }

  /** Keeps the answer for repeats. */
  async keep(subject: string, message: BusRequest, answer: string): Promise<void> {
    const { caller, key } = this.identify(message);
    await this.database.query(KEEP, [caller, subject, key, answer]);
  }

  /** A refusal changed nothing: the key is free again. */
  async release(subject: string, message: BusRequest): Promise<void> {
    const { caller, key } = this.identify(message);
    await this.database.query(
      `delete from messaging.idempotency_key where caller = $1 and subject = $2 and key = $3 and answer is null`,
      [caller, subject, key],
    );
  }

  /** The first request came to no end that is known: a repeat goes on with its operation, at once. */
  async handOver(subject: string, message: BusRequest): Promise<void> {
    const { caller, key } = this.identify(message);
    await this.database.query(
      `update messaging.idempotency_key set claimed_until = '-infinity'
       where caller = $1 and subject = $2 and key = $3 and answer is null`,
      [caller, subject, key],
    );
  }

  private identify(message: BusRequest): { caller: string; key: string } {
    const caller = message.caller;
    const name = caller.kind === 'user' || caller.kind === 'agent' ? caller.publicKey : caller.kind;
    return { caller: name, key: message.idempotencyKey as string };
  }
}
