import { traceOf } from '@decent-cloud/bus';
import { type Clock, crash, printExactJson, Refusal, systemClock, uuidV7 } from '@decent-cloud/kernel';
import { type AnswerInput, type BusRequest, ownerOf, type RequestDeclaration } from '@decent-cloud/messages';
import { isStorageFull } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { NatsContext } from '@nestjs/microservices';
import { type Context, context } from '@opentelemetry/api';
import type { z } from 'zod';
import { type Admitted, assertMayAsk } from './door.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import { parseInput } from './input.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { currentRequestId, regardlessOfTime, withRequestId } from './request-scope.ts';
import type { Verb, VerbContext } from './verb.ts';

/** Runs verbs for the bus: parse, run once, check, print; every outcome becomes one reply text. */
@Injectable()
export class VerbRunner {
  constructor(
    private readonly logger: Logger,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly idempotencyKeys: IdempotencyKeys | undefined,
    private readonly isUnavailable: (error: unknown) => boolean,
    private readonly newId: () => string = () => uuidV7(systemClock()),
  ) {}

  run<D extends RequestDeclaration>(
    declaration: D,
    verb: Verb<D>,
    message: Admitted | Refusal,
    nats: Pick<NatsContext, 'getHeaders'>,
  ): Promise<string> {
    const trace: Context = traceOf(nats.getHeaders());
    const isIn = !(message instanceof Refusal);
    return context.with(trace, () =>
      withRequestId(
        (isIn && message.request.requestId) || '-',
        () => this.answer(declaration, verb, message),
        isIn ? message.lateAtMs : undefined,
      ),
    );
  }

  private async answer<D extends RequestDeclaration>(
    declaration: D,
    verb: Verb<D>,
    message: Admitted | Refusal,
  ): Promise<string> {
    const stop = this.metrics.busRequestSeconds.startTimer({ subject: declaration.subject });
    try {
      if (message instanceof Refusal) throw message;
      assertMayAsk(declaration, message);
      const data = await this.once(declaration, verb, message.request);
      stop({ outcome: 'ok' });
      return `{"data":${data}}`;
    } catch (error) {
      const refusal = error instanceof Refusal ? error : this.unavailable(error);
      if (refusal) {
        stop({ outcome: refusal.code });
        this.logger.info(
          { subject: declaration.subject, reason: refusal.reason, refused: refusal.message },
          'refused',
        );
        return printExactJson({ refusal });
      }
      stop({ outcome: 'fault' });
      this.logger.error({ subject: declaration.subject, error }, 'verb failed');
      return printExactJson({ fault: { requestId: currentRequestId() ?? '-' } });
    }
  }

  private async once<D extends RequestDeclaration>(
    declaration: D,
    verb: Verb<D>,
    request: BusRequest,
  ): Promise<string> {
    const input = parseInput(declaration, request);
    const keys = declaration.idempotent && request.idempotencyKey ? this.idempotencyKeys : undefined;
    const claim = await keys?.claim(declaration.subject, request);
    if (claim?.kind === 'replay') return claim.answer;
    try {
      const operationId = () => claim?.operationId ?? this.newId();
      const run = () => verb.run(input, this.contextOf(request, operationId()));
      const result = crash.points ? await runWithPoints(declaration, run) : await run();
      const answer = (declaration.answer as unknown as z.ZodType).parse(result);
      const text = printExactJson(answer) ?? 'null';
      await regardlessOfTime(() => keys?.keep(declaration.subject, request, text));
      crash.points?.pass(`${actOf(declaration)}:before-reply`);
      return text;
    } catch (error) {
      if (error instanceof Refusal) await regardlessOfTime(() => keys?.release(declaration.subject, request));
      else await regardlessOfTime(() => this.handOver(keys, declaration, request));
      throw error;
    }
  }

  /** What cannot be written now ends by itself, a minute later. */
  private async handOver(
    keys: IdempotencyKeys | undefined,
    { subject }: RequestDeclaration,
    request: BusRequest,
  ): Promise<void> {
    try {
      await keys?.handOver(subject, request);
    } catch (error) {
      this.logger.warn({ error, subject }, 'a repeat of this request has to wait');
    }
  }

  /** A verb that asks for the time is refused while the clock is wrong; others go on. */
  private contextOf({ caller, requestId }: BusRequest, operationId: string): VerbContext {
    const { clock } = this;
    let now: bigint | undefined;
    return {
      caller,
      requestId,
      operationId,
      get now() {
        now ??= clock();
        return now;
      },
    };
  }

  private unavailable(error: unknown): Refusal | undefined {
    if (!this.isUnavailable(error)) return undefined;
    this.logger.warn({ error }, 'the database does not work');
    if (isStorageFull(error)) {
      return new Refusal(
        'UNAVAILABLE',
        'STORAGE_FULL',
        'The disk of the platform is full: nothing was changed',
        {
          cause: error,
        },
      );
    }
    return new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The service cannot reach its database', {
      cause: error,
    });
  }
}

/** What crash points of a request are named by. */
export const actOf = ({ subject }: RequestDeclaration): string => `${ownerOf(subject)}:${subject}`;

/** A repeat is what comes when the answer to the first one is lost. */
async function runWithPoints<D extends RequestDeclaration>(
  declaration: D,
  run: () => Promise<AnswerInput<D>>,
): Promise<AnswerInput<D>> {
  const act = actOf(declaration);
  const result = await (crash.points?.within(act, run) ?? run());
  return crash.points?.pass(`${act}:after-commit`) ? crash.points.within(act, run) : result;
}
