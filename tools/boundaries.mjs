import './install/needed-node.mjs';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { cycleFaults } from './checks/cycles.mjs';
import { foldersIn, lineWhere, parseSource, sourcesIn } from './checks/source.mjs';
import { sqlFaults } from './checks/sql.mjs';
import { storedFaults } from './checks/stored.mjs';
import { innerServiceNames } from './services.mjs';

/**
 * Who may use which of our libraries, by scope (the folder's name). Nothing stands for "all": a project that is not
 * here may use nothing of ours, and no app may use another app.
 */
const SERVICE = ['kernel', 'messages', 'bus', 'postgres', 'outbox', 'runtime', 'identity'];
/** @type {Record<string, readonly string[]>} */
export const MAY_USE = {
  kernel: [],
  identity: [],
  messages: ['kernel'],
  bus: ['kernel', 'messages'],
  postgres: ['kernel'],
  outbox: ['kernel', 'messages', 'bus', 'postgres'],
  runtime: ['kernel', 'messages', 'bus', 'postgres', 'outbox'],
  client: ['kernel', 'messages', 'identity'],
  openapi: ['kernel', 'messages'],
  'nats-auth': ['kernel', 'messages'],
  testing: ['kernel', 'messages', 'bus', 'postgres', 'identity', 'nats-auth'],

  ...Object.fromEntries(innerServiceNames.map((name) => [name, SERVICE])),
  agents: [...SERVICE, 'nats-auth'],
  gateway: ['kernel', 'messages', 'bus', 'runtime', 'identity', 'openapi'],
  'provider-agent': ['kernel', 'messages', 'client', 'identity', 'nats-auth'],
  cli: ['kernel', 'messages', 'client', 'identity'],
  web: ['kernel', 'messages', 'client', 'identity'],
  demo: ['kernel', 'messages', 'client', 'identity'],
  e2e: ['kernel', 'messages', 'bus', 'postgres', 'client', 'identity', 'nats-auth', 'testing'],
  simulator: ['kernel', 'messages', 'bus', 'postgres', 'outbox', 'runtime'],
  bench: [
    'kernel',
    'messages',
    'bus',
    'postgres',
    'outbox',
    'runtime',
    'client',
    'identity',
    'nats-auth',
    'testing',
  ],

  tools: ['kernel', 'messages', 'bus', 'postgres', 'runtime', 'nats-auth', 'testing'],
};
/** Specs may use these besides what their project may. */
const IN_SPECS = ['testing', 'bus', 'postgres', 'messages', 'kernel', 'nats-auth', 'identity'];
/** Pure at the bottom: their specs get nothing more. */
const PURE = ['kernel', 'identity', 'messages'];
/**
 * The only projects that may import other apps by path. Of these what is in a `domain` folder: rules without framework,
 * database or bus. Whoever simulates a process must run its real rules.
 */
const MAY_IMPORT_DOMAINS_OF = {
  simulator: ['agents', 'contracts', 'offerings', 'payments', 'provider-agent'],
};
/**
 * Of these everything that runs over stores of any kind: verbs, reactions, sweeps, workers; of their stores the types only,
 * but specs may hold the real one beside the one in memory.
 */
const MAY_IMPORT_FLOWS_OF = { simulator: ['agents', 'contracts', 'payments', 'provider-agent'] };
/** What is measured is what was built, by its path: the only way into `dist` of another app. */
const MAY_IMPORT_BUILT_OF = { bench: ['contracts', 'gateway'] };
/** What is asked before anything is built is read from its source. */
const MAY_IMPORT_SOURCE = { 'tools/services.mjs': 'libs/messages/src/services.ts' };
/** Programs that are never shipped, or are bundled: packages for development are packages to them. */
const MAY_USE_DEV_PACKAGES = ['testing', 'e2e', 'bench', 'web', 'demo', 'tools'];
/** The only files that may import what is known at run time only: what is built, PostgreSQL for this machine, spec files. */
const MAY_IMPORT_COMPUTED = [
  'libs/runtime/src/discover.ts',
  'apps/cli/bin/dc.mjs',
  'apps/provider-agent/bin/dc-agent.mjs',
  'tools/servers/postgres.mjs',
  'tools/specs/runtime.mjs',
];

const OURS = '@decent-cloud/';
const TYPES = { apps: 'type:app', libs: 'type:lib' };

/**
 * @param {string} root folder with apps/, libs/, tools/ and package.json
 * @returns {string[]} what breaks a rule, ready to read; empty when all is well
 */
export function findBreaches(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {string[]} */
  const breaches = [];
  /** @type {Project[]} */
  const projects = [
    .../** @type {const} */ (['apps', 'libs']).flatMap((kind) =>
      foldersIn(join(root, kind)).map((name) => ({ kind, name, folder: join(root, kind, name) })),
    ),
    { kind: 'tools', name: 'tools', folder: join(root, 'tools') },
  ];
  const libs = new Set(projects.filter(({ kind }) => kind === 'libs').map(({ name }) => name));
  for (const project of projects) {
    const where = placeOf(project);
    breaches.push(...tagFaults(project).map((fault) => `${where}/project.json: ${fault}`));
    if (!MAY_USE[project.name]) breaches.push(`${where}: has no line in MAY_USE of tools/boundaries.mjs`);
    const own = join(project.folder, 'package.json');
    const ownManifest = existsSync(own) ? JSON.parse(readFileSync(own, 'utf8')) : {};
    const packages = {
      shipped: new Set([
        ...Object.keys(manifest.dependencies ?? {}),
        ...Object.keys(ownManifest.dependencies ?? {}),
      ]),
      dev: new Set([
        ...Object.keys(manifest.devDependencies ?? {}),
        ...Object.keys(ownManifest.devDependencies ?? {}),
      ]),
    };
    /** @type {Map<string, Used[]>} */
    const imports = new Map();
    for (const file of sourcesIn(project.folder)) {
      const name = relative(root, file);
      const text = readFileSync(file, 'utf8');
      const parsed = parseSource(text, file);
      imports.set(file, parsed.imports);
      for (const used of parsed.imports) {
        const fault = faultOf({ root, project, file, name, used, libs, packages });
        if (fault) breaches.push(`${name}:${lineOf(text, used.specifier)}: ${fault}`);
      }
      breaches.push(...storedFaults(file, name, text, parsed.imports));
      const hasDatabase = MAY_USE[project.name]?.includes('postgres') === true;
      breaches.push(...sqlFaults({ app: project.name, hasDatabase }, name, text, parsed));
    }
    breaches.push(...cycleFaults(root, project.folder, imports));
  }
  return breaches;
}

/**
 * @typedef {{ kind: 'apps' | 'libs' | 'tools', name: string, folder: string }} Project
 * @param {Project} project
 */
const placeOf = ({ kind, name }) => (kind === 'tools' ? name : `${kind}/${name}`);

/** @param {Project} project @returns {string[]} */
function tagFaults({ kind, name, folder }) {
  if (kind === 'tools') return [];
  const file = join(folder, 'project.json');
  if (!existsSync(file)) return ['is missing; it must name the tags'];
  const tags = JSON.parse(readFileSync(file, 'utf8')).tags ?? [];
  const wanted = [TYPES[kind], `scope:${name}`];
  return tags.length === 2 && wanted.every((tag) => tags.includes(tag))
    ? []
    : [`tags must be ${wanted.join(' and ')}`];
}

/**
 * @typedef {import('./checks/source.mjs').Used} Used
 * @param {{ root: string, project: Project, file: string, name: string, used: Used,
 *   libs: Set<string>, packages: { shipped: Set<string>, dev: Set<string> } }} options
 * @returns {string | undefined}
 */
function faultOf({ root, project, file, name, used, libs, packages }) {
  const { specifier } = used;
  const isSpec = /\.spec\.tsx?$/.test(file) || name.startsWith(`${placeOf(project)}/test/`);
  if (specifier === undefined) {
    return MAY_IMPORT_COMPUTED.includes(name.split(sep).join('/'))
      ? undefined
      : 'imports a computed name: write it out';
  }
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    const target = resolve(dirname(file), specifier);
    const inside = [project.folder, join(root, 'prisma', project.name)].some((folder) =>
      target.startsWith(folder + sep),
    );
    return inside ||
      mayImportDomain(root, project.name, target) ||
      mayImportFlow(root, project.name, target, used.typeOnly || isSpec) ||
      mayImportBuilt(root, project.name, target) ||
      mayImportSource(root, name, target)
      ? undefined
      : `"${specifier}" leaves ${placeOf(project)}: import the library by its name`;
  }
  if (specifier.startsWith(OURS)) {
    const [wanted = '', ...deeper] = specifier.slice(OURS.length).split('/');
    if (!libs.has(wanted)) return `"${specifier}" is no library of ours (apps are never imported)`;
    if (wanted === project.name) return `"${specifier}" is itself`;
    if (deeper.length > 0 && !offers(join(root, 'libs', wanted), deeper.join('/'))) {
      return `"${specifier}" reaches into the library`;
    }
    const allowed = MAY_USE[project.name] ?? [];
    if (allowed.includes(wanted)) return undefined;
    if (isSpec && !PURE.includes(project.name) && IN_SPECS.includes(wanted)) return undefined;
    return `${project.name} may not use ${wanted}`;
  }
  if (isBuiltin(specifier)) return undefined;
  const packageName = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (packages.shipped.has(packageName)) return undefined;
  const isDev = packages.dev.has(packageName) || (isSpec && packageName === '@jest/globals');
  if (!isDev) return `package "${packageName}" is not in package.json`;
  if (isSpec || used.typeOnly || MAY_USE_DEV_PACKAGES.includes(project.name)) return undefined;
  return `package "${packageName}" is for development only (devDependencies)`;
}

/** Is this a rule of another app, and may this project use it? @param {string} root @param {string} projectName @param {string} target */
function mayImportDomain(root, projectName, target) {
  const apps = /** @type {Record<string, readonly string[]>} */ (MAY_IMPORT_DOMAINS_OF)[projectName] ?? [];
  const [kind, app = '', src, ...path] = relative(root, target).split(sep);
  return kind === 'apps' && apps.includes(app) && src === 'src' && path.slice(0, -1).includes('domain');
}

/** @param {string} root @param {string} projectName @param {string} target @param {boolean} withStores */
function mayImportFlow(root, projectName, target, withStores) {
  const apps = /** @type {Record<string, readonly string[]>} */ (MAY_IMPORT_FLOWS_OF)[projectName] ?? [];
  const [kind, app = '', src] = relative(root, target).split(sep);
  return (
    kind === 'apps' && apps.includes(app) && src === 'src' && (withStores || !target.endsWith('.store.ts'))
  );
}

/** @param {string} root @param {string} projectName @param {string} target */
function mayImportBuilt(root, projectName, target) {
  const apps = /** @type {Record<string, readonly string[]>} */ (MAY_IMPORT_BUILT_OF)[projectName] ?? [];
  const [kind, app = '', folder] = relative(root, target).split(sep);
  return kind === 'apps' && apps.includes(app) && folder === 'dist';
}

/** @param {string} root @param {string} name the file's, from the root @param {string} target */
function mayImportSource(root, name, target) {
  const source = /** @type {Record<string, string>} */ (MAY_IMPORT_SOURCE)[name.split(sep).join('/')];
  return source !== undefined && target === join(root, source);
}

/** Does the library's package.json export this path? @param {string} folder @param {string} path */
function offers(folder, path) {
  const file = join(folder, 'package.json');
  const exported = existsSync(file) ? Object.keys(JSON.parse(readFileSync(file, 'utf8')).exports ?? {}) : [];
  return exported.includes(`./${path}`) || (exported.includes('./*') && !path.includes('/'));
}

/** @param {string} text @param {string | undefined} specifier */
function lineOf(text, specifier) {
  return lineWhere(text, (line) =>
    specifier === undefined
      ? /import\(/.test(line)
      : line.includes(`'${specifier}'`) || line.includes(`"${specifier}"`),
  );
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const breaches = findBreaches(resolve(process.argv[2] ?? join(import.meta.dirname, '..')));
  for (const breach of breaches) console.error(breach);
  console.log(breaches.length === 0 ? 'boundaries: kept' : `boundaries: ${breaches.length} broken`);
  if (breaches.length > 0) process.exitCode = 1;
}
