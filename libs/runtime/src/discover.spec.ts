import 'reflect-metadata';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Injectable } from '@nestjs/common';
import { listModules } from './bundled-modules.ts';
import { discover } from './discover.ts';
import { serviceFiles } from './service-files.ts';
import { type Sweep, Sweeps } from './sweep.ts';

test('a service is made of the files of its folder, not of its program, its specs and what is generated', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dc-service-files-'));
  try {
    for (const file of [
      ...['main.js', 'service.js', 'service.js.map', 'types.d.ts', 'check/main.js'],
      ...['contract/accept-contract.js', 'contract/accept-contract.spec.js', 'contract/domain/status.js'],
      ...['generated/prisma/client.js', 'test/world.js'],
    ]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), '');
    }
    expect((await serviceFiles(folder)).map((file) => relative(folder, file))).toEqual([
      'contract/accept-contract.js',
      'contract/domain/status.js',
      'service.js',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a bundle finds what its list names, and looks into no folder', async () => {
  class Store {}
  Injectable()(Store);
  class Expire implements Sweep {
    sweep = async (): Promise<void> => undefined;
  }
  Sweeps({ name: 'expire', everySeconds: 5 })(Expire);
  listModules([{ Store, LIMIT: 3 }, { Expire }]);
  const { verbs, reactions, sweeps, providers } = await discover('/nowhere');
  expect(sweeps.map(({ type }) => type)).toEqual([Expire]);
  expect(providers).toEqual([Store]);
  expect([...verbs, ...reactions]).toEqual([]);
});
