import { ensureInstalled, goOnWith, withAdvice } from './install.mjs';

await withAdvice(async () => {
  await ensureInstalled((line) => console.log(line));
  goOnWith('stack.mjs', ['--watch']);
});
