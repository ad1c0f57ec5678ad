import { dirname, join, relative, resolve, sep } from 'node:path';

/** @typedef {ReadonlyMap<string, ReadonlySet<string>>} Graph */

/**
 * Files that need each other, and folders side by side that do. What a folder has in it, at any depth, counts as the
 * folder; files beside folders put these together and count for none. Specs may see everything.
 * @param {string} root @param {string} where the project's folder @param {ReadonlyMap<string, readonly { specifier: string | undefined }[]>} imports of its files
 * @returns {string[]}
 */
export function cycleFaults(root, where, imports) {
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const [file, used] of imports) {
    const targets = used.flatMap(({ specifier }) =>
      specifier?.startsWith('.') ? [resolve(dirname(file), specifier)] : [],
    );
    graph.set(file, new Set(targets.filter((target) => imports.has(target))));
  }
  const inner = (/** @type {string} */ file) => relative(where, file).split(sep).join('/');
  const name = relative(root, where).split(sep).join('/');
  const ofFiles = circlesIn(graph).map(
    (circle) => `${name}: files in a circle: ${pathAround(circle, graph).map(inner).join(' -> ')}`,
  );
  const code = new Map([...graph].filter(([file]) => !/\.spec\.tsx?$/.test(file)));
  const folders = new Set([...code.keys()].flatMap((file) => foldersAbove(inner(file))));
  // Tests use what they test: these two sides of a project are no rooms of it.
  if (folders.has('src')) folders.delete('');
  const ofFolders = [...folders].sort().flatMap((folder) => {
    const { sides, examples } = foldersSideBySide(join(where, folder), code);
    return circlesIn(sides).map((circle) => {
      const around = pathAround(circle, sides);
      const shown = around.slice(1).map((to, at) => {
        const [file = '', target = ''] = examples.get(`${around[at]}>${to}`) ?? [];
        return `${inner(file)} -> ${inner(target)}`;
      });
      const names = [...circle].sort().join(', ');
      return `${[name, folder].filter(Boolean).join('/')}: folders in a circle: ${names} (${shown.join('; ')})`;
    });
  });
  return [...ofFiles, ...ofFolders];
}

/** @param {string} path @returns {string[]} */
function foldersAbove(path) {
  const parts = path.split('/').slice(0, -1);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/** @param {string} folder @param {Graph} code */
function foldersSideBySide(folder, code) {
  const childOf = (/** @type {string} */ file) => {
    const [first, ...rest] = relative(folder, file).split(sep);
    return first === '..' || rest.length === 0 ? undefined : first;
  };
  /** @type {Map<string, Set<string>>} */
  const sides = new Map();
  /** @type {Map<string, readonly [string, string]>} */
  const examples = new Map();
  for (const [file, targets] of code) {
    const from = childOf(file);
    if (from === undefined) continue;
    for (const target of targets) {
      const to = childOf(target);
      if (to === undefined || to === from) continue;
      sides.set(from, (sides.get(from) ?? new Set()).add(to));
      if (!examples.has(`${from}>${to}`)) examples.set(`${from}>${to}`, [file, target]);
    }
  }
  return { sides, examples };
}

/** Groups of nodes that all lead to each other (Tarjan). @param {Graph} graph @returns {Set<string>[]} */
export function circlesIn(graph) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} */
  const lowest = new Map();
  /** @type {string[]} */
  const open = [];
  /** @type {Set<string>[]} */
  const circles = [];
  const visit = (/** @type {string} */ node) => {
    order.set(node, order.size);
    let low = order.size - 1;
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) low = Math.min(low, lowest.get(next) ?? order.get(next) ?? low);
    }
    lowest.set(node, low);
    if (low !== order.get(node)) return;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1 || graph.get(node)?.has(node)) circles.push(new Set(group));
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}

/** A shortest way through the circle, back to where it began. @param {ReadonlySet<string>} circle @param {Graph} graph @returns {string[]} */
function pathAround(circle, graph) {
  const start = [...circle].sort()[0] ?? '';
  /** @type {string[][]} */
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return [...way, start];
      if (!circle.has(next) || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [...circle];
}
