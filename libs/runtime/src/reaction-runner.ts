import { DurableReader, isSaidByItsOwner, type ServiceKeys, traceOf, type Verdict } from '@decent-cloud/bus';
import { type Clock, crash, parseExactJson } from '@decent-cloud/kernel';
import { type ConsumerDeclaration, type FactDeclaration, ownerOf } from '@decent-cloud/messages';
import { attemptsIn } from '@decent-cloud/outbox';
import type { Database } from '@decent-cloud/postgres';
import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { context } from '@opentelemetry/api';
import type { z } from 'zod';
import { actWithPoints, passAfterAck } from './crash-seams.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { reactOnce } from './react-once.ts';
import type { Reaction } from './reaction.ts';
import { withRequestId } from './request-scope.ts';

export interface ReactionRunnerOptions {
  readonly connection: NatsConnection;
  readonly consumer: ConsumerDeclaration;
  readonly reactions: ReadonlyMap<
    string,
    { declaration: FactDeclaration; reaction: Reaction<FactDeclaration> }
  >;
  readonly database: Database;
  /** Facts are believed when they are signed by whom they are of. */
  readonly keys: ServiceKeys;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** While true, messages are left to other replicas. */
  readonly isHeld: () => boolean;
}

/** Reads a service's facts: inbox row and effect in one transaction, ack after commit. */
export function createReactionReader(options: ReactionRunnerOptions): DurableReader {
  const { connection, consumer, logger, metrics } = options;
  const wanted = new Set(consumer.filterSubjects);
  const missing = [...wanted].filter((subject) => !options.reactions.has(subject));
  const extra = [...options.reactions.keys()].filter((subject) => !wanted.has(subject));
  if (missing.length > 0 || extra.length > 0) {
    throw new Error(
      `consumer ${consumer.durable} and its reactions disagree: no reaction for [${missing}], not in topology [${extra}]`,
    );
  }
  return new DurableReader({
    connection,
    declaration: consumer,
    handle: (message) => handle(options, message),
    isHeld: options.isHeld,
    attempts: attemptsIn(options.database, consumer.durable),
    onSettled: (verdict, message) => {
      metrics.factsHandled.inc({ consumer: consumer.durable, verdict });
      if (crash.points) void passAfterAck(connection, actOf(options, message.subject));
    },
    onTrouble: (error, doing, message) =>
      logger.warn({ error, subject: message?.subject, deliveries: message?.info.deliveryCount }, doing),
  });
}

async function handle(options: ReactionRunnerOptions, message: JsMsg): Promise<Verdict> {
  const entry = options.reactions.get(message.subject);
  if (!entry) return { verdict: 'dead', error: new Error(`no reaction for ${message.subject}`) };
  const messageId = message.headers?.get('Nats-Msg-Id') ?? '';
  const said = { subject: message.subject, id: messageId, payload: message.data };
  if (!isSaidByItsOwner(options.keys, options.consumer.durable, said, message.headers)) {
    return { verdict: 'dead', error: new Error(`not signed by ${ownerOf(message.subject)}`) };
  }
  let fact: unknown;
  try {
    fact = (entry.declaration.payload as unknown as z.ZodType).parse(parseExactJson(message.string()));
  } catch (error) {
    return { verdict: 'dead', error };
  }
  const { subject } = message;
  const around = (act: () => Promise<void>) =>
    crash.points ? actWithPoints(actOf(options, subject), act) : act();
  const { database, clock, logger } = options;
  const once = { database, clock, logger, subject, consumer: options.consumer.durable, around };
  return context.with(traceOf(message.headers), () =>
    withRequestId(messageId, () => reactOnce(once, entry.reaction, fact as never, messageId)),
  );
}

const actOf = ({ consumer }: ReactionRunnerOptions, subject: string): string =>
  `${consumer.durable}:${subject}`;
