import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CannedDesk } from '../../test/canned-desk.ts';
import { EXIT } from '../exit.ts';

const { desk, dc } = CannedDesk.forFile();

test('a key is made for its owner only, never overwritten, never shown with its secret', async () => {
  const made = await dc('--json', 'identity', 'generate', '--name', 'me');
  expect(made.code).toBe(EXIT.ok);
  expect(statSync(join(desk.home, '.decent-cloud/me.json')).mode & 0o777).toBe(0o600);
  expect((await dc('identity', 'generate', '--name', 'me')).code).not.toBe(EXIT.ok);
  for (const name of ['../me', '.hidden', 'a/b']) {
    expect((await dc('identity', 'generate', '--name', name)).code).not.toBe(EXIT.ok);
  }
  const secret = JSON.parse(readFileSync(join(desk.home, '.decent-cloud/me.json'), 'utf8'))
    .secret_key_hex as string;
  for (const shown of [made, await dc('identity', 'show', 'me'), await dc('identity', 'list', '--json')]) {
    expect(shown.out + shown.err).not.toContain(secret);
  }
});

test('keys are kept in ~/.decent-cloud, and those of before are still used', async () => {
  await dc('identity', 'generate', '--name', 'old');
  renameSync(join(desk.home, '.decent-cloud'), join(desk.home, '.dc-test-keys'));
  await dc('identity', 'generate', '--name', 'new');
  const listed = JSON.parse((await dc('--json', 'identity', 'list')).out) as { name: string }[];
  expect(listed.map(({ name }) => name)).toEqual(['new', 'old']);
  expect(existsSync(join(desk.home, '.decent-cloud/new.json'))).toBe(true);
  expect((await dc('identity', 'generate', '--name', 'old')).code).toBe(EXIT.refused);
  expect((await dc('identity', 'delete', 'old', '--yes')).code).toBe(EXIT.ok);
  expect(existsSync(join(desk.home, '.dc-test-keys/old.json'))).toBe(false);
});
