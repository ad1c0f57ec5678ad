import { connectBus, DurableReader, type Verdict } from '@decent-cloud/bus';
import { Database } from '@decent-cloud/postgres';
import { attemptsIn, receiveOnce } from '../src/index.ts';
import { DELAYS_MS, READER } from './poison.ts';

/** A process that reads; some messages end it. Its parent starts it again. */
const [natsUrl = '', databaseUrl = ''] = process.argv.slice(2);
const database = new Database({ connectionString: databaseUrl, applicationName: 'poisoned' });
const connection = await connectBus({ servers: natsUrl, name: 'poisoned' });

new DurableReader({
  connection,
  declaration: READER,
  attempts: attemptsIn(database, READER.durable),
  delaysMs: DELAYS_MS,
  pauseMs: 200,
  onTrouble: () => undefined,
  handle: async (message): Promise<Verdict> => {
    let fact: { id: string; kind: string; until?: number };
    try {
      fact = JSON.parse(message.string());
    } catch (error) {
      return { verdict: 'dead', error };
    }
    try {
      await database.transaction(async (sql) => {
        if (!(await receiveOnce(sql, READER.durable, fact.id))) return;
        await sql.query('insert into effect (id) values ($1)', [fact.id]);
        if (fact.kind === 'ends the process') process.kill(process.pid, 'SIGKILL');
        if (fact.kind === 'always fails') throw new Error('this one never works');
        if (fact.kind === 'fails at first' && message.info.deliveryCount < 4) throw new Error('not yet');
      });
      return { verdict: 'done' };
    } catch (error) {
      return { verdict: 'retry', error };
    }
  },
}).start();
