import { createHash } from 'node:crypto';
import { printExactJson, Refusal, systemClock, uuidV7 } from '@decent-cloud/kernel';
import type { BusRequest } from '@decent-cloud/messages';

/** How long a first request may run before a repeat takes its operation over. */
const CLAIM_SECONDS = 60;

export type Claim =
  | { readonly kind: 'run'; readonly operationId: string }
  | { readonly kind: 'replay'; readonly answer: string };

export interface KeyName {
  readonly caller: string;
  readonly subject: string;
  readonly key: string;
}
export interface KnownKey {
  readonly inputHash: string;
  readonly operationId: string;
  readonly answer: string | null;
  readonly inFlight: boolean;
}

/** Where idempotency keys are kept. */
export interface KeyStore {
  /** False, and nothing is changed, when it is there already. */
  take(name: KeyName, key: Pick<KnownKey, 'inputHash' | 'operationId'>, seconds: number): Promise<boolean>;
  find(name: KeyName): Promise<KnownKey | undefined>;
  /** Claims a key that nobody works on any more. False when somebody does again, or it has its answer. */
  takeOver(name: KeyName, seconds: number): Promise<boolean>;
  keep(name: KeyName, answer: string): Promise<void>;
  /** Forgets a key that has no answer. */
  release(name: KeyName): Promise<void>;
  /** Nobody works on it any more. */
  handOver(name: KeyName): Promise<void>;
}

/** Idempotency keys of one service: key, caller and hash of the input, with the answer once there is one. */
export class IdempotencyKeys {
  constructor(
    private readonly store: KeyStore,
    private readonly newId: () => string = () => uuidV7(systemClock()),
  ) {}

  /**
   * Takes the key for this request, or gives back the answer of the first one.
   * @throws Refusal UNPROCESSABLE when the key was used for other input, CONFLICT while the first request runs.
   */
  async claim(subject: string, message: BusRequest): Promise<Claim> {
    const name = nameOf(subject, message);
    const inputHash = createHash('sha256')
      .update(printExactJson([message.params, message.query, message.body]))
      .digest('hex');
    const operationId = this.newId();
    if (await this.store.take(name, { inputHash, operationId }, CLAIM_SECONDS))
      return { kind: 'run', operationId };
    const known = await this.store.find(name);
    if (!known) return this.claim(subject, message);
    if (known.inputHash !== inputHash) {
      throw new Refusal(
        'UNPROCESSABLE',
        'IDEMPOTENCY_KEY_REUSED',
        'This Idempotency-Key was used for a different request',
      );
    }
    if (known.answer !== null) return { kind: 'replay', answer: known.answer };
    if (known.inFlight) {
      throw new Refusal(
        'CONFLICT',
        'IDEMPOTENCY_KEY_IN_FLIGHT',
        'A request with this Idempotency-Key is still running',
      );
    }
    return (await this.store.takeOver(name, CLAIM_SECONDS))
      ? { kind: 'run', operationId: known.operationId }
      : this.claim(subject, message);
  }

  /** Keeps the answer for repeats. */
  keep(subject: string, message: BusRequest, answer: string): Promise<void> {
    return this.store.keep(nameOf(subject, message), answer);
  }

  /** A refusal changed nothing: the key is free again. */
  release(subject: string, message: BusRequest): Promise<void> {
    return this.store.release(nameOf(subject, message));
  }

  /** The first request came to no end that is known: a repeat goes on with its operation, at once. */
  handOver(subject: string, message: BusRequest): Promise<void> {
    return this.store.handOver(nameOf(subject, message));
  }
}

function nameOf(subject: string, { caller, idempotencyKey }: BusRequest): KeyName {
  const name = caller.kind === 'user' || caller.kind === 'agent' ? caller.publicKey : caller.kind;
  return { caller: name, subject, key: idempotencyKey as string };
}
