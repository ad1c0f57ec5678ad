import { join } from 'node:path';

/**
 * What a bundle begins with: the look at its Node, the list that replaces the folder, the program. Modules run in the order
 * in which they are imported, so the list is there before the program asks for it.
 * @param {string} root @param {import('./programs.mjs').Program} program @returns {Record<string, string>} virtual modules
 */
export function entryModules(root, { entry, modules }) {
  const quoted = (/** @type {string} */ path) => JSON.stringify(path);
  const runtime = join(root, 'libs/runtime/dist/bundled-modules.js');
  return {
    entry: [
      `import ${quoted(join(root, 'libs/kernel/dist/needed-node.js'))};`,
      ...(modules.length > 0 ? ["import 'bundle:list';"] : []),
      `import ${quoted(entry)};`,
    ].join('\n'),
    list: [
      `import { listModules } from ${quoted(runtime)};`,
      ...modules.map((file, index) => `import * as module${index} from ${quoted(file)};`),
      `listModules([${modules.map((_, index) => `module${index}`).join(', ')}]);`,
    ].join('\n'),
  };
}
