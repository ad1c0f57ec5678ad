import type { Backend } from '../backends/backend.ts';
import type { BackendDeclaration } from '../backends/declaration.ts';
import { BACKEND_TYPES, declarationOf } from '../backends/registry.ts';
import type { AgentConfig } from '../config/load-config.ts';
import { createLogger } from '../log.ts';
import { openBackend } from './open-config.ts';

const logger = createLogger('json', 'silent');
const config = (type: string, settings: object = {}, isProduction = false) =>
  ({
    file: '/etc/dc-agent/dc-agent.toml',
    dataDir: '/srv/dc',
    environment: isProduction ? 'prod' : 'dev',
    isProduction,
    seedHex: '01'.repeat(32),
    provisioner: { type, settings },
  }) as unknown as AgentConfig;

test.each(BACKEND_TYPES)('%s is opened from its table, or said to be of no use yet', async (type) => {
  const { table, open } = declarationOf(type) as BackendDeclaration;
  const opening = openBackend(config(type, open && table.parse({})), logger);
  if (open) await expect(opening).resolves.toMatchObject({ type });
  else await expect(opening).rejects.toThrow(`this version of the agent cannot use "${type}" yet`);
});

test('what is for trying out is refused in production, and nothing else is', async () => {
  for (const type of ['local', 'docker'] as const) {
    const { table, notInProduction } = declarationOf(type) as BackendDeclaration;
    const opening = openBackend(config(type, table.parse({}), true), logger);
    if (notInProduction === undefined) await expect(opening).resolves.toMatchObject({ type });
    else
      await expect(opening).rejects.toThrow(`"${type}" ${notInProduction}: it is refused in the environment`);
  }
});

test('an empty range of ports is named with its table', async () => {
  const settings = { port_range_start: 2_000, port_range_end: 1_999 };
  await expect(openBackend(config('docker', settings), logger)).rejects.toThrow(
    'provisioner.docker: port_range_end is below port_range_start',
  );
});

test('secrets are followed to where they are when a backend is opened, and other settings are not', async () => {
  const seen: unknown[] = [];
  const declaration = {
    table: (declarationOf('hetzner') as BackendDeclaration).table,
    secrets: ['api_token'],
    open: async (settings: object) => {
      seen.push(settings);
      return {} as Backend;
    },
  } satisfies BackendDeclaration;
  process.env.DC_SPEC_TOKEN = 'abc';
  try {
    const settings = { api_token: 'env:DC_SPEC_TOKEN', default_image: 'env:DC_SPEC_TOKEN' };
    await openBackend(config('hetzner', settings), logger, declaration);
    expect(seen).toEqual([{ api_token: 'abc', default_image: 'env:DC_SPEC_TOKEN' }]);
    const absent = openBackend(config('hetzner', { api_token: 'env:DC_SPEC_NONE' }), logger, declaration);
    await expect(absent).rejects.toThrow(
      'provisioner.hetzner.api_token: the environment has no DC_SPEC_NONE',
    );
  } finally {
    delete process.env.DC_SPEC_TOKEN;
  }
});
