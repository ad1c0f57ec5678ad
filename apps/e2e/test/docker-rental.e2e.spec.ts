import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { DockerHost, hasDockerEngine } from '../src/docker-host.ts';
import { Platform } from '../src/platform.ts';
import { changeFromInside } from '../src/rented-inside.ts';
import { Tenant } from '../src/tenant.ts';

const SCRIPT = '#!/bin/sh\necho "installed by $(id -un) for $DC_OFFERING_ID"\n';
const withEngine = hasDockerEngine() ? describe : describe.skip;

withEngine('a container rented through the whole platform', () => {
  let platform: Platform;
  let owner: Tenant;
  let alice: Tenant;
  let host: DockerHost;

  beforeAll(async () => {
    platform = await Platform.start();
    [owner, alice] = await Promise.all([
      Tenant.create(platform.apiUrl, 'dockerhost', 0),
      Tenant.create(platform.apiUrl, 'alice', 10),
    ]);
    host = await DockerHost.start(owner, platform.apiUrl, SCRIPT);
  }, 240_000);
  afterAll(async () => {
    await host?.stop();
    await Promise.all([owner?.leave(), alice?.leave()]);
    await platform?.stop();
  }, 90_000);

  test('script, another SSH key, a new password, and nothing left after the end', async () => {
    const seen = await changeFromInside(alice, host.offeringId);
    expect(seen).toMatchObject({
      scriptLog: 'installed by root for container\n',
      firstKeyBefore: true,
      newKeyBefore: false,
      firstKeyAfter: false,
      newKeyAfter: true,
      keyOfContract: seen.newKey,
      passwordBefore: false,
      passwordAfter: true,
      credentials: { user: 'root', password: expect.stringMatching(/^[A-Za-z0-9]{24}$/) },
    });
    await eventually(() => host.containers().length === 0, {
      deadlineMs: 120_000,
      everyMs: 500,
      what: 'no container being left',
    });
    expect(host.output.join('\n')).not.toContain(String(seen.credentials.password));
    expect(await platform.errors()).toEqual([]);
    await assertBooksBalance(platform);
  }, 480_000);
});
