import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * `npm run trace < .data/logs/contracts.log`: the same lines, with places in the sources instead of places in a bundle.
 * For logs of services that run without source maps, here or in a container: what counts is the app's name in the path, and
 * that the bundle here is of the same version.
 */
const ROOT = resolve(import.meta.dirname, '..');
const PLACE = /(?:file:\/\/)?[^\s()"'\\]*\/(apps\/[\w-]+\/bundle\/[\w-]+\.js):(\d+):(\d+)/g;
/** @type {Map<string, SourceMap | undefined>} */
const maps = new Map();

/** @param {string} bundle */
function mapOf(bundle) {
  if (!maps.has(bundle)) {
    const file = resolve(ROOT, `${bundle}.map`);
    maps.set(bundle, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(bundle);
}

/** @param {string} line */
export function inSources(line) {
  return line.replaceAll(PLACE, (place, bundle, lineNumber, column) => {
    const origin = mapOf(bundle)?.findOrigin(Number(lineNumber), Number(column));
    if (!origin || !('fileName' in origin) || !origin.fileName) return place;
    const source = relative(ROOT, resolve(dirname(resolve(ROOT, bundle)), origin.fileName));
    return `${source}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  process.stdout.on('error', () => process.exit(0));
  for await (const line of createInterface({ input: process.stdin })) console.log(inSources(line));
}
