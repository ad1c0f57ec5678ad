import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Session } from '../session.ts';
import { chooseSshPublicKey, findSshPrivateKey } from './choose-key.ts';
import { readSshPublicKey } from './read-public-key.ts';

const BASE64 = 'AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC';
const LINE = `ssh-ed25519 ${BASE64} me@home`;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dc-keys-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test.each([
  LINE,
  `ssh-ed25519\t${BASE64}\tme@home`,
  `  ssh-ed25519   ${BASE64}  me@home\n`,
  `ssh-ed25519 ${BASE64}   me@home`,
])('%j is a line and no name of a file', async (given) => {
  expect((await readSshPublicKey(given, home)).line).toBe(LINE);
});

test('what is no line is a file', async () => {
  await expect(readSshPublicKey('ssh-keys/mine.pub', home)).rejects.toMatchObject({
    reason: 'FILE_UNREADABLE',
  });
  writeFileSync(join(home, 'ssh-ed25519 key.pub'), `${LINE}\n`);
  const read = await readSshPublicKey(join(home, 'ssh-ed25519 key.pub'), home);
  expect(read).toMatchObject({ line: LINE, privateFile: undefined });
});

test('the private key beside the file that was given is found again, until it is gone', async () => {
  const folder = join(home, 'keys');
  mkdirSync(folder);
  writeFileSync(join(folder, 'work.pub'), `${LINE}\n`);
  writeFileSync(join(folder, 'work'), 'the private half');
  const session = {
    outside: { home },
    store: { directory: join(home, 'store'), folderOf: () => join(home, 'store') },
    identity: async () => ({ name: 'me' }),
  } as unknown as Session;
  const line = await chooseSshPublicKey(session, join(folder, 'work.pub'));
  expect(line).toBe(LINE);
  expect(await findSshPrivateKey(session, `ssh-ed25519 ${BASE64} another comment`)).toBe(
    join(folder, 'work'),
  );
  rmSync(join(folder, 'work'));
  expect(await findSshPrivateKey(session, line)).toBeUndefined();
});
