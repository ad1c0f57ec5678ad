import { ensureInstalled, goOnWith, withAdvice } from './install/install.mjs';

/** `npm run bench`: measures the platform as it is built and prints one table. Arguments are those of apps/bench. */
await withAdvice(async () => {
  await ensureInstalled((line) => console.error(line));
  goOnWith('bench/run.mjs', process.argv.slice(2));
});
