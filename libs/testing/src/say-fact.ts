import { readServiceKeys, signFact } from '@decent-cloud/bus';
import { printExactJson } from '@decent-cloud/kernel';
import {
  type FactDeclaration,
  type FactInput,
  type FactPayload,
  ownerOf,
  type ServiceName,
} from '@decent-cloud/messages';
import { jetstream, type PubAck } from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { serviceKeysFor } from './ask-as.ts';
import { eventually } from './eventually.ts';

/** Says a fact as the relay of its service would. */
export function sayFact<F extends FactDeclaration>(
  connection: NatsConnection,
  declaration: F,
  payload: FactInput<F> | FactPayload<F>,
  id: string = globalThis.crypto.randomUUID(),
): Promise<PubAck> {
  const parsed = (declaration.payload as unknown as z.ZodType).parse(payload);
  return sayText(connection, declaration.subject, printExactJson(parsed), id);
}

/** Says a fact, and waits until the reader with this database has processed it. */
export async function sayUntilProcessed<F extends FactDeclaration>(
  connection: NatsConnection,
  database: { query(text: string, values: readonly unknown[]): Promise<readonly object[]> },
  declaration: F,
  payload: FactInput<F>,
  id: string = globalThis.crypto.randomUUID(),
): Promise<void> {
  await sayFact(connection, declaration, payload, id);
  await eventually(
    async () =>
      (await database.query('select 1 from messaging.inbox where message_id = $1', [id])).length === 1,
    { what: `fact ${declaration.subject} processed` },
  );
}

/** Says a text that need not be as the fact is declared, and said by another service when told so. */
export function sayText(
  connection: NatsConnection,
  subject: string,
  payload: string,
  id: string = globalThis.crypto.randomUUID(),
  teller: string = ownerOf(subject),
): Promise<PubAck> {
  const keys = readServiceKeys(serviceKeysFor(teller as ServiceName));
  const headers = createHeaders();
  for (const [name, value] of Object.entries(signFact(keys, { subject, id, payload })))
    headers.set(name, value);
  return jetstream(connection).publish(subject, payload, { msgID: id, headers });
}
