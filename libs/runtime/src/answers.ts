import type { Refusal } from '@decent-cloud/kernel';
import type { RequestDeclaration } from '@decent-cloud/messages';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, type NatsContext, Payload } from '@nestjs/microservices';
import type { Admitted } from './door.ts';
import type { Verb } from './verb.ts';
import { VerbRunner } from './verb-runner.ts';

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
      message: Admitted | Refusal,
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
