import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';

const QUIET_MS = 200;

/**
 * Which part a changed file concerns: an app's name, `*` for everything (a library), nothing for files that no program loads.
 * @param {string} kind `apps`, `libs` or `prisma` @param {string | null} path below it @returns {string | undefined}
 */
export function concernedBy(kind, path) {
  const [name = '', ...rest] = (path ?? '').split('/');
  const below = rest.join('/');
  if (kind === 'prisma') return below === 'schema.prisma' ? name : undefined;
  if (/\.spec\.tsx?$|(^|\/)generated\//.test(below)) return undefined;
  if (kind === 'libs') return /^src\//.test(below) ? '*' : undefined;
  return /^src\//.test(below) ? name : undefined;
}

/** Does this child run something of the changed projects? @param {readonly string[]} args @param {ReadonlySet<string>} projects */
export function isConcerned(args, projects) {
  return args.some((argument) => {
    const app = /\/apps\/([^/]+)\//.exec(argument)?.[1];
    return app !== undefined && (projects.has('*') || projects.has(app));
  });
}

/**
 * Calls back with the projects of a burst of changes, one call at a time.
 * @param {string} root @param {(projects: ReadonlySet<string>) => Promise<void>} onChange
 * @param {(error: Error) => void} onError
 */
export function watchSources(root, onChange, onError) {
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let working = Promise.resolve();
  const hand = () => {
    const projects = new Set(changed);
    changed.clear();
    working = working.then(() => onChange(projects)).catch(onError);
  };
  for (const kind of ['apps', 'libs', 'prisma']) {
    const folder = join(root, kind);
    if (!existsSync(folder)) continue;
    watch(folder, { recursive: true }, (_event, path) => {
      const project = concernedBy(kind, path);
      if (project === undefined) return;
      changed.add(project);
      clearTimeout(timer);
      timer = setTimeout(hand, QUIET_MS);
    }).on('error', onError);
  }
}
