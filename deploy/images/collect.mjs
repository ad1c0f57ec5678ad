import '../../tools/install/needed-node.mjs';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundle } from '../../tools/bundles/bundle.mjs';
import { copyNativePackage, NATIVE_PACKAGES } from '../../tools/bundles/native-packages.mjs';
import { services } from '../../tools/services.mjs';

// Lays out what images hold, from what is built: a folder for each app and one for each program of `tools` that has an
// image. Bundles see what lies beside them where it was, so every part keeps its place.
const root = resolve(import.meta.dirname, '../..');
const target = resolve(process.argv[2] ?? 'out');
const VOLUMES_OF_SETUP = [
  ...['/secrets', '/nats-data', '/config/postgres', '/config/nats'],
  ...services.map(({ name }) => `/config/${name}`),
];
const SHIPPED = ['bundle', 'package.json', 'bin'];
const PROGRAMS = { setup: 'deploy/compose/prepare.mjs', 'mail-catcher': 'tools/servers/mail-catcher.mjs' };

/** Copies what there is of it. @param {string} path @param {string} folder */
async function ship(path, folder) {
  if (existsSync(join(root, path))) await cp(join(root, path), join(folder, path), { recursive: true });
}

/** @param {string} app */
async function collectApp(app) {
  const folder = join(target, 'apps', app);
  await mkdir(folder, { recursive: true });
  for (const part of SHIPPED) await ship(`apps/${app}/${part}`, folder);
  const migrations = `prisma/${app}/migrations`;
  await ship(migrations, folder);
  if (existsSync(join(root, migrations))) await ship('libs/outbox/migrations', folder);
  const native = /** @type {Record<string, string[]>} */ (NATIVE_PACKAGES)[app] ?? [];
  for (const name of native) await copyNativePackage(root, name, folder);
  if (app === 'gateway') await ship('apps/web/dist', folder);
  await ship('package.json', folder);
  await cp(join(root, 'deploy/images/healthy.mjs'), join(folder, 'healthy.mjs'));
  await writeFile(join(folder, 'main.mjs'), `import './apps/${app}/bundle/main.js';\n`);
}

await rm(target, { recursive: true, force: true });
for (const app of await readdir(join(root, 'apps'))) {
  if (existsSync(join(root, 'apps', app, 'bundle/main.js'))) await collectApp(app);
}
for (const [name, entry] of Object.entries(PROGRAMS)) {
  const folder = join(target, name);
  await bundle(root, { name, entry: join(root, entry), target: join(folder, 'main.mjs'), modules: [] });
  await cp(join(root, 'deploy/images/healthy.mjs'), join(folder, 'healthy.mjs'));
}
await writeFile(join(target, 'setup/volumes.txt'), VOLUMES_OF_SETUP.map((folder) => `${folder}\n`).join(''));
