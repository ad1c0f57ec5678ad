import { printExactJson, uuidV7 } from '@decent-cloud/kernel';
import type { FactDeclaration, FactInput } from '@decent-cloud/messages';
import { type Sql } from '@decent-cloud/postgres';
import { context, propagation } from '@opentelemetry/api';
import type { z } from 'zod';

export interface OutgoingMessage {
  /** Becomes the `Nats-Msg-Id`; given when a repeat must not make a second message. */
  readonly id?: string;
  readonly subject: string;
  /** JSON text. */
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is signalled when there is something in the outbox. */
export const OUTBOX = 'outbox';

/** An INSERT of messages, as a part of a larger statement; its values are those of `outboxColumns`. */
export const outboxInsert = (
  [ids, subjects, payloads, headers]: readonly string[],
  from = '',
): string => `insert into messaging.outbox (id, subject, payload, headers)
  select e.* from unnest(${ids}::uuid[], ${subjects}::text[], ${payloads}::text[], ${headers}::jsonb[]) as e${from}
  on conflict (id) do nothing`;

/** The messages by column, with the trace that they belong to. */
export function outboxColumns(messages: readonly OutgoingMessage[], now: bigint): readonly string[][] {
  const trace: Record<string, string> = {};
  propagation.inject(context.active(), trace);
  return [
    messages.map((message) => message.id ?? uuidV7(now)),
    messages.map((message) => message.subject),
    messages.map((message) => message.payload),
    messages.map((message) => JSON.stringify({ ...trace, ...message.headers })),
  ];
}

/** Takes ids, subjects, payloads and headers, each as a list. */
export const ENQUEUE = outboxInsert(['$1', '$2', '$3', '$4']);

/** Writes messages into the outbox, in the caller's transaction: they exist exactly if the change does. */
export async function enqueue(sql: Sql, messages: readonly OutgoingMessage[], now: bigint): Promise<void> {
  if (messages.length === 0) return;
  await sql.query(ENQUEUE, outboxColumns(messages, now));
  sql.signal(OUTBOX);
}

/** One fact with its payload, checked against its declaration. */
export function factMessage<F extends FactDeclaration>(
  declaration: F,
  payload: FactInput<F>,
): OutgoingMessage {
  const parsed = (declaration.payload as unknown as z.ZodType).parse(payload);
  return { subject: declaration.subject, payload: printExactJson(parsed) };
}

/** Says one fact, in the caller's transaction. */
export async function emitFact<F extends FactDeclaration>(
  sql: Sql,
  declaration: F,
  payload: FactInput<F>,
  now: bigint,
): Promise<void> {
  await enqueue(sql, [factMessage(declaration, payload)], now);
}
