import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, NODE, ROOT, withAdvice } from './install/install.mjs';

/** `npm run simulate -- --seed N --lives N`: runs the simulator from its sources, since it imports those of others. */
await withAdvice(async () => {
  await ensureInstalled((line) => console.log(line));
  const child = spawn(
    NODE,
    [
      '--conditions=source',
      '--import',
      pathToFileURL(join(ROOT, 'tools/run-sources.mjs')).href,
      join(ROOT, 'apps/simulator/src/main.ts'),
      ...process.argv.slice(2),
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => child.kill(signal));
  const code = await new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (exitCode) => done(exitCode ?? 1));
  });
  process.exit(code);
});
