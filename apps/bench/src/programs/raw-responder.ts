import { connect } from '@nats-io/transport-node';
import { RAW_SUBJECT } from '../echo-declaration.ts';

/** The yardstick of the bus hop: the bare client with JSON, and nothing around it. */
const connection = await connect({ servers: process.env.NATS_URL ?? '' });
connection.subscribe(RAW_SUBJECT, {
  callback: (error, message) => {
    if (error) throw error;
    message.respond(JSON.stringify({ data: JSON.parse(message.string()) }));
  },
});
await connection.flush();
console.log('ready');
process.once('SIGTERM', () => void connection.close());
