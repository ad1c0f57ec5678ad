import { parseExactJson, printExactJson, Refusal } from '@decent-cloud/kernel';
import type { AnswerInput, BusRequest, RequestDeclaration, VerbInput } from '@decent-cloud/messages';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { z } from 'zod';

export interface PlayedService {
  /** What came in, parsed, oldest first. */
  readonly received: readonly BusRequest[];
  stop(): void;
}

const PARTS = ['params', 'query', 'headers', 'body'] as const;

/**
 * Plays the service that owns a declaration: parses what comes in, answers what `handler` gives (checked against the
 * declaration); a Refusal that it throws is sent as a refusal, anything else as a fault. `undefined` never answers.
 */
export function answerRequests<const D extends RequestDeclaration>(
  connection: NatsConnection,
  declaration: D,
  handler: (
    input: VerbInput<D>,
    request: BusRequest,
  ) => AnswerInput<D> | typeof NO_ANSWER | Promise<AnswerInput<D> | typeof NO_ANSWER>,
): PlayedService {
  const received: BusRequest[] = [];
  const subscription: Subscription = connection.subscribe(declaration.subject, {
    callback: (error, message) => {
      if (error) return;
      const request = parseExactJson(message.string()) as BusRequest;
      received.push(request);
      void answer(declaration, handler as never, request).then((text) => {
        if (text !== undefined) message.respond(text);
      });
    },
  });
  return { received, stop: () => subscription.unsubscribe() };
}

/** Given by a handler that lets its caller wait. */
export const NO_ANSWER = Symbol('no answer');

async function answer(
  declaration: RequestDeclaration,
  handler: (input: object, request: BusRequest) => unknown,
  request: BusRequest,
): Promise<string | undefined> {
  try {
    const input: Record<string, unknown> = {};
    for (const part of PARTS) {
      const schema = declaration[part] as z.ZodType | undefined;
      if (schema) input[part] = schema.parse(request[part] ?? {});
    }
    const value = await handler(input, request);
    if (value === NO_ANSWER) return undefined;
    const data = (declaration.answer as unknown as z.ZodType).parse(value);
    return `{"data":${printExactJson(data) ?? 'null'}}`;
  } catch (error) {
    if (error instanceof Refusal) return printExactJson({ refusal: error });
    return printExactJson({ fault: { requestId: request.requestId } });
  }
}
