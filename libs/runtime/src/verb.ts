import type { AnswerInput, Caller, RequestDeclaration, VerbInput } from '@decent-cloud/messages';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, type NatsContext, Payload } from '@nestjs/microservices';
import { VerbRunner } from './verb-runner.ts';

/** What a verb knows beside its input. */
export interface VerbContext {
  readonly caller: Caller;
  readonly requestId: string;
  /**
   * Names this operation for good: the same for every repeat under one Idempotency-Key. What the verb makes or moves
   * carries it under a unique key, so that a repeat after a crash finds it instead of making a second one.
   */
  readonly operationId: string;
  /** Unix nanoseconds. */
  readonly now: bigint;
}

export interface Verb<D extends RequestDeclaration> {
  run(input: VerbInput<D>, context: VerbContext): Promise<AnswerInput<D>>;
}

export const ANSWERS = Symbol('answers');

/**
 * Makes the class answer a declaration: it becomes a handler of the declaration's subject, its input is parsed, its answer
 * checked, its refusals turned into codes. Input or answer of the wrong type do not compile.
 */
export function Answers<D extends RequestDeclaration>(declaration: D) {
  return (target: new (...args: never[]) => Verb<D>): void => {
    const prototype = target.prototype as Record<string, unknown>;
    prototype.answerOnBus = function (
      this: Verb<D> & { verbRunner: VerbRunner },
      message: unknown,
      nats: NatsContext,
    ) {
      return this.verbRunner.run(declaration, this, message, nats);
    };
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'answerOnBus') as PropertyDescriptor;
    MessagePattern(declaration.subject)(prototype, 'answerOnBus', descriptor);
    Payload()(prototype, 'answerOnBus', 0);
    Ctx()(prototype, 'answerOnBus', 1);
    Inject(VerbRunner)(prototype, 'verbRunner');
    Controller()(target);
    Reflect.defineMetadata(ANSWERS, declaration, target);
  };
}
