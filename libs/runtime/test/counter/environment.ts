import { serviceKeysFor, type TestDatabase, type TestNats } from '@decent-cloud/testing';

/** The counter reads what contracts say; it says that to itself, for which it has that key of theirs too. */
const [saidByContracts] = serviceKeysFor('contracts').match(/tells\.payments=[0-9a-f]+/) ?? [''];

/** What the counter is started with. */
export const counterEnvironment = (database: TestDatabase, nats: TestNats): NodeJS.ProcessEnv => ({
  DATABASE_URL: database.url,
  NATS_URL: nats.url,
  SERVICE_KEYS: `${serviceKeysFor('payments')},${saidByContracts}`,
  ENVIRONMENT: 'test',
  LOG_LEVEL: 'silent',
});
