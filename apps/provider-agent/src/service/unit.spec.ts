import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BACKENDS } from '../backends/registry.ts';
import { type ServiceFacts, UNIT_MARK, UNIT_NAME, unitText } from './unit.ts';

const needsOfDocker = (settings: object = {}) => {
  const { table, service } = BACKENDS.docker;
  return service?.(table.parse(settings)) ?? {};
};
const needsOfLocal = BACKENDS.local.service?.(BACKENDS.local.table.parse({})) ?? {};
const facts = (over: Partial<ServiceFacts> = {}): ServiceFacts => ({
  program: ['/usr/local/bin/dc-agent'],
  configFile: '/etc/dc-agent/dc-agent.toml',
  user: undefined,
  needs: needsOfDocker(),
  writes: ['/var/lib/dc-agent', '/var/lib/dc-agent'],
  reads: ['/etc/dc-agent/agent.key'],
  ...over,
});
const linesOf = (text: string) => text.split('\n');

test('the unit runs the agent for ever, with what its backend needs and no more', () => {
  const lines = linesOf(unitText(facts()));
  expect(lines[0]).toBe(UNIT_MARK);
  expect(lines).toEqual(
    expect.arrayContaining([
      'Type=simple',
      'ExecStart=/usr/local/bin/dc-agent --config /etc/dc-agent/dc-agent.toml run',
      'Restart=always',
      'RestartSec=10',
      'Environment=RUST_LOG=info',
      'EnvironmentFile=-/etc/default/dc-agent',
      'After=network-online.target docker.service',
      'NoNewPrivileges=true',
      'CapabilityBoundingSet=',
      'ProtectSystem=strict',
      'ReadWritePaths=-/var/lib/dc-agent',
      'StateDirectory=dc-agent',
      'ProtectHome=true',
      'PrivateTmp=true',
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      'WantedBy=multi-user.target',
    ]),
  );
  expect(lines.filter((line) => /^(User|SupplementaryGroups|MemoryDenyWriteExecute)=/.test(line))).toEqual(
    [],
  );
});

test('another user gets the group of the engine, and nobody else does', () => {
  expect(linesOf(unitText(facts({ user: 'dc' })))).toEqual(
    expect.arrayContaining(['User=dc', 'SupplementaryGroups=docker']),
  );
  const local = unitText(facts({ user: 'dc', needs: needsOfLocal }));
  expect(local).not.toContain('docker');
  expect(linesOf(local)).toContain('KillMode=process');
  expect(linesOf(unitText(facts()))).toContain('KillMode=mixed');
});

test('homes and temporary folders are shut off only where nothing of the agent is in them', () => {
  const home = unitText(facts({ reads: ['/root/.dc-agent/agent.key'] }));
  expect(linesOf(home)).toContain('ProtectHome=read-only');
  expect(unitText(facts({ needs: needsOfDocker({ socket_path: '/tmp/docker.sock' }) }))).not.toContain(
    'PrivateTmp',
  );
  const elsewhere = linesOf(unitText(facts({ writes: ['/srv/dc', '/srv/journal'] })));
  expect(elsewhere).toContain('ReadWritePaths=-/srv/dc -/srv/journal');
  expect(elsewhere.join()).not.toContain('StateDirectory');
});

test('paths stand for themselves, whatever is in them', () => {
  const lines = linesOf(unitText(facts({ configFile: '/etc/a b%h/$HOME"x.toml', writes: ['/srv/a b%n'] })));
  expect(lines).toContain('ExecStart=/usr/local/bin/dc-agent --config "/etc/a b%%h/$$HOME\\"x.toml" run');
  expect(lines).toContain('ReadWritePaths="-/srv/a b%%n"');
  expect(() => unitText(facts({ configFile: '/etc/x\nExecStartPre=/bin/evil' }))).toThrow(
    'cannot stand in a unit',
  );
});

const ANALYZE = '/usr/bin/systemd-analyze';
const whereSystemdIs = existsSync(ANALYZE) ? test : test.skip;

describe('systemd-analyze', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dc-unit-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function verify(text: string): Promise<string> {
    const file = join(folder, UNIT_NAME);
    await writeFile(file, text);
    return new Promise((resolve) => {
      execFile(ANALYZE, ['verify', '--man=no', file], { timeout: 30_000 }, (error, stdout, stderr) =>
        resolve(`${error ? 'refused ' : ''}${stdout}${stderr}`),
      );
    });
  }

  whereSystemdIs(
    'finds nothing wrong with any of them, and something with a spoilt one',
    async () => {
      const program = [process.execPath, '/opt/dc agent/main.js'];
      const units = [
        facts({ program }),
        facts({ program, user: 'dc-agent', reads: ['/home/dc/agent.key'] }),
        facts({ program, needs: needsOfLocal, writes: ['/tmp/a b', '/srv/100%'] }),
      ].map(unitText);
      for (const text of units) expect(await verify(text)).toBe('');
      expect(
        await verify((units[0] as string).replace('ProtectSystem=strict', 'ProtectSystem=nearly')),
      ).not.toBe('');
    },
    120_000,
  );
});
