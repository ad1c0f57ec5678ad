import { serviceEnvironment } from './environment.mjs';

const secrets = {
  operatorSigningSeed: 'operator',
  agentUserSigningSeed: 'agent-user',
  hubAccountPublic: 'hub',
  platformSigningSeed: 'platform',
  postgresPassword: 'superuser',
  operatorSeed: 'root of all',
  serviceKeyRoot: 'root of request keys',
  serviceKeys: { payments: 'keys of payments', gateway: 'keys of gateway', agents: 'keys of agents' },
};
const base = { secrets, natsUrl: 'nats://n', credsFile: '/c/own.creds', systemCredsFile: '/c/system.creds' };

test('an ordinary service gets its own database and creds, and nothing of the coordinator or the superuser', () => {
  const env = serviceEnvironment({ ...base, name: 'payments', databaseUrl: 'postgresql://p' });
  expect(env).toEqual({
    SERVICE_NAME: 'payments',
    NATS_URL: 'nats://n',
    NATS_CREDS_FILE: '/c/own.creds',
    SERVICE_KEYS: 'keys of payments',
    DATABASE_URL: 'postgresql://p',
  });
});

test('a service without a database gets no address of one', () => {
  expect(serviceEnvironment({ ...base, name: 'gateway' })).not.toHaveProperty('DATABASE_URL');
});

test('the coordinator gets what it signs agents in with, but never the operator itself', () => {
  const env = serviceEnvironment({ ...base, name: 'agents', agentNatsUrls: 'nats://public' });
  expect(env).toMatchObject({
    NATS_OPERATOR_SIGNING_SEED: 'operator',
    NATS_AGENT_USER_SIGNING_SEED: 'agent-user',
    NATS_HUB_ACCOUNT: 'hub',
    NATS_SYS_CREDS_FILE: '/c/system.creds',
    PLATFORM_SIGNING_SEED: 'platform',
    AGENT_NATS_URLS: 'nats://public',
  });
  expect(Object.values(env)).not.toContain('root of all');
  expect(Object.values(env)).not.toContain('root of request keys');
});
