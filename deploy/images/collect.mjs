import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

// Lays out what images hold, without sources: <target>/libs for all, <target>/apps/<app> for each.
const root = resolve(import.meta.dirname, '../..');
const target = resolve(process.argv[2] ?? 'out');
const SHIPPED = ['dist', 'package.json', 'migrations', 'bin'];

/** @param {string} from @param {string} to */
async function ship(from, to) {
  await mkdir(to, { recursive: true });
  for (const name of SHIPPED.filter((part) => existsSync(join(from, part)))) {
    await cp(join(from, name), join(to, name), { recursive: true });
  }
}

await rm(target, { recursive: true, force: true });
for (const lib of await readdir(join(root, 'libs'))) {
  await ship(join(root, 'libs', lib), join(target, 'libs', lib));
}
for (const app of await readdir(join(root, 'apps'))) {
  const folder = join(target, 'apps', app);
  await ship(join(root, 'apps', app), join(folder, 'apps', app));
  const migrations = join(root, 'prisma', app, 'migrations');
  if (existsSync(migrations))
    await cp(migrations, join(folder, 'prisma', app, 'migrations'), { recursive: true });
  const web = join(root, 'apps/web/dist');
  if (app === 'gateway' && existsSync(web)) await cp(web, join(folder, 'apps/web/dist'), { recursive: true });
  await cp(join(root, 'deploy/images/healthy.mjs'), join(folder, 'healthy.mjs'));
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await writeFile(join(folder, 'main.mjs'), `import './apps/${app}/dist/main.js';\n`);
}
