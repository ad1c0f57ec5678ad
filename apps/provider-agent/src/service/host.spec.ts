import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisHost } from './host.ts';

const asRoot = process.getuid?.() === 0 && process.platform === 'linux' ? test : test.skip;
const NOBODY = 65_534;

asRoot('who owns what is in a folder, and who may enter it, is as the kernel sees it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dc-host-'));
  try {
    const data = join(folder, 'a b');
    await thisHost.makeFolder(join(data, 'x'), NOBODY);
    expect((await stat(join(data, 'x'))).uid).toBe(NOBODY);
    await chown(data, NOBODY, -1);
    expect(await thisHost.foreignIn(data, NOBODY)).toBeUndefined();
    await writeFile(join(data, 'x', 'of root'), '');
    expect(await thisHost.foreignIn(data, NOBODY)).toBe(join(data, 'x', 'of root'));
    await symlink(data, join(folder, 'link'));
    expect(await thisHost.realOf(join(folder, 'link'))).toBe(data);
    expect(await thisHost.realOf(join(folder, 'none'))).toBeUndefined();
    // The folder of a temporary file is closed to all but root.
    expect(await thisHost.mayUse('nobody', folder, 'x')).toBe(false);
    await chmod(folder, 0o711);
    expect(await thisHost.mayUse('nobody', folder, 'x')).toBe(true);
    expect(await thisHost.mayUse('nobody', folder, 'r')).toBe(false);
    // Root without capabilities is somebody like all others.
    await mkdir(join(folder, 'closed'), { mode: 0o700 });
    await chown(join(folder, 'closed'), NOBODY, -1);
    expect(await thisHost.mayUse('root', join(folder, 'closed'), 'x')).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
