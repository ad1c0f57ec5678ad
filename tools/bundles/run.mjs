import '../install/needed-node.mjs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { bundle } from './bundle.mjs';

/**
 * Bundles the programs that stdin names, as JSON, and prints what became of each. A process of its own: the bundler takes
 * 0.5 GB and gives nothing back.
 */
const root = resolve(import.meta.dirname, '../..');
/** @type {import('./programs.mjs').Program[]} */
const programs = JSON.parse(await text(process.stdin));
const results = [];
for (const program of programs) {
  try {
    results.push({ name: program.name, inputs: await bundle(root, program) });
  } catch (error) {
    results.push({ name: program.name, error: withoutStack(/** @type {Error} */ (error).message) });
  }
}
process.stdout.write(JSON.stringify(results));

/** What the bundler says of our source is enough; its own lines help nobody. @param {string} message */
function withoutStack(message) {
  return message
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
    .trim();
}
