import type { AnswerInput, Caller, RequestDeclaration, VerbInput } from '@decent-cloud/messages';

/** What a verb knows beside its input. */
export interface VerbContext {
  readonly caller: Caller;
  readonly requestId: string;
  /**
   * Names this operation for good: the same for every repeat under one Idempotency-Key. What the verb makes or moves
   * carries it under a unique key, so that a repeat after a crash finds it instead of making a second one.
   */
  readonly operationId: string;
  /** Unix nanoseconds. Reading it is refused while the clock is known to be wrong. */
  readonly now: bigint;
}

export interface Verb<D extends RequestDeclaration> {
  run(input: VerbInput<D>, context: VerbContext): Promise<AnswerInput<D>>;
}
