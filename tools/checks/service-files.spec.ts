import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { composeWith, makeServiceFiles, prometheusWith } from '../service-files.mjs';
import { innerServiceNames, services } from '../services.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const names = services.map(({ name }) => name);
const compose = read('docker-compose.yml');

test('what is checked in names the services', async () => {
  expect(await makeServiceFiles(true)).toEqual([]);
});

test('a seventh service is mounted by setup, has a volume, and runs', () => {
  const made = composeWith(compose, [...names, 'the-seventh']);
  expect(made).toContain(
    '    - config-gateway:/config/gateway\n    - config-the-seventh:/config/the-seventh\n\n',
  );
  expect(made).toContain('  config-gateway: {}\n  config-the-seventh: {}\n');
  expect(made).toMatch(/\n\n {2}the-seventh:\n {4}<<: \*service\n(?: {4}.*\n)*\n {2}mail-catcher:\n/);
  expect(made.length - compose.length).toBeLessThan(520);
  expect(composeWith(made, [...names, 'the-seventh'])).toBe(made);
  expect(prometheusWith(read('deploy/prometheus/prometheus.yml'), [...names, 'the-seventh'])).toContain(
    'gateway, the-seventh]',
  );
});

test('what people have written into the block of a service stays', () => {
  const own = compose.replace(/(?<=ADMIN_PUBLIC_KEYS: ).*/, 'abc');
  expect(own).not.toBe(compose);
  expect(composeWith(own, names)).toBe(own);
});

test('a block of a service that is gone is named, and so is a file without its places', () => {
  const without = names.filter((name) => name !== 'payments');
  expect(() => composeWith(compose, without)).toThrow('payments: no such service');
  expect(() => prometheusWith('scrape_configs: []', names)).toThrow('dns_sd_configs.names: not found');
});

test.each(innerServiceNames)('%s has a program, tables of its own and a place in the maps', (name) => {
  const needed = [`apps/${name}/src/main.ts`, `prisma/${name}/schema.prisma`, `prisma/${name}/migrations`];
  const map = read('docs/architecture.md');
  const maps = {
    'docs/architecture.md, rooms': map.includes(`| \`apps/${name}\` |`),
    'docs/architecture.md, chart': new RegExp(`^ {6}${name}$`, 'm').test(map),
    'README.md, chart': new RegExp(`services\\[[^\\]]*\\b${name}\\b`).test(read('README.md')),
  };
  expect([
    ...needed.filter((file) => !existsSync(join(ROOT, file))),
    ...Object.entries(maps).flatMap(([where, isThere]) => (isThere ? [] : [where])),
  ]).toEqual([]);
});
