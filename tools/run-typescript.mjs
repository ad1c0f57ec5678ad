import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/** For `--import`: our TypeScript runs from its sources, compiled as the build does it, decorators included. */
const ROOT = resolve(import.meta.dirname, '..');
const options = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'));
delete options.$schema;
delete options.jsc.rewriteRelativeImportExtensions;

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    if (!filename.startsWith(ROOT + sep)) return nextLoad(url, context);
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      ...options,
      filename,
      swcrc: false,
      sourceMaps: 'inline',
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
