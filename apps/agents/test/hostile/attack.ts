import { agentSubjects } from '@decent-cloud/messages';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import {
  apiRequests,
  BROKER_HEADERS,
  type Cast,
  FORGED,
  permittedRequests,
  subjectsOfTheSystem,
} from '../attack-list.ts';

/** Somebody with a connection of their own, who says and asks all that can be said and asked. */
export interface Attacker {
  readonly connection: NatsConnection;
  readonly own: string;
  readonly apiPrefix: string;
}

/** Everything said once, then everything permitted with every reply subject; `got` is what comes back. */
export async function speak({ connection, own, apiPrefix }: Attacker, cast: Cast, got: string[]) {
  const inbox = `_INBOX.${own}`;
  const answers = connection.subscribe(`${inbox}.>`, {
    callback: (_error, message) => void got.push(`${message.string()} ${message.headers ?? ''}`),
  });
  let sent = 0;
  const say = async (
    subject: string,
    body: string,
    options: Parameters<NatsConnection['publish']>[2] = {},
  ) => {
    connection.publish(subject, body, options);
    if (++sent % 200 === 0) await connection.flush();
  };
  const subjects = subjectsOfTheSystem(cast);
  const api = apiRequests(cast);
  for (const subject of subjects) await say(subject, FORGED, { reply: `${inbox}.said.${sent}` });
  for (const { subject, body } of api) await say(subject, body, { reply: `${inbox}.api.${sent}` });

  // A command of its own, to have something that can be acknowledged in every way.
  const next = await connection.request(
    `${apiPrefix}.CONSUMER.MSG.NEXT.AGENT_CMD.${own}`,
    '{"batch":1,"expires":5000000000}',
    { timeout: 10_000, noMux: true },
  );
  const permitted = permittedRequests(own, apiPrefix, next.reply ?? '');
  const replies = [...subjects, ...api.map(({ subject }) => subject)];
  const before = sent;
  for (const { subject, body } of permitted) for (const reply of replies) await say(subject, body, { reply });
  const pairs = sent - before;
  for (const [name, value] of BROKER_HEADERS) {
    const headers = createHeaders();
    headers.set(name, value);
    await say(agentSubjects.event(own, 'claimed'), FORGED, {
      headers,
      reply: agentSubjects.event(cast.other, 'claimed'),
    });
  }
  await connection.flush();
  answers.unsubscribe();
  return { sent, pairs, subjects: subjects.length, api: api.length, permitted: permitted.length };
}

/** Listens to everything, by name and by pattern, while the others tell their secrets; `got` is what it hears. */
export async function listen(
  { connection }: Attacker,
  cast: Cast,
  got: string[],
  tellSecrets: () => Promise<void>,
): Promise<number> {
  const all = [
    ...subjectsOfTheSystem(cast),
    ...apiRequests(cast).map(({ subject }) => subject),
    ...[
      '>',
      '*',
      '*.>',
      '_INBOX.>',
      '_R_.>',
      '$JS.>',
      '$SYS.>',
      'agent.>',
      'evt.>',
      'req.>',
      '$KV.>',
      'dlq.>',
    ],
  ];
  for (let from = 0; from < all.length; from += 50) {
    const subscriptions = all.slice(from, from + 50).map((subject) =>
      connection.subscribe(subject, {
        // A refused one has an error and no message.
        callback: (error, message) => void (error ?? got.push(`${message.subject} ${message.string()}`)),
      }),
    );
    await connection.flush();
    await tellSecrets();
    await connection.flush();
    for (const subscription of subscriptions) subscription.unsubscribe();
  }
  return all.length;
}
