import './install/needed-node.mjs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { services } from './services.mjs';

/**
 * `node tools/service-files.mjs` writes the services of libs/messages/src/services.ts into what names them and is read by
 * programs of others; with `--check` it only says whether they are there. A service's own block in docker-compose.yml is
 * made once and then kept as people change it.
 */
const ROOT = resolve(import.meta.dirname, '..');
/** @type {Record<string, (text: string, names: readonly string[]) => string>} */
const FILES = { 'docker-compose.yml': composeWith, 'deploy/prometheus/prometheus.yml': prometheusWith };

/** @param {string} text docker-compose.yml @param {readonly string[]} names of all services @returns {string} with them */
export function composeWith(text, names) {
  const mounted = replaced(
    text,
    /(?<= {4}- config-nats:\/config\/nats\n)(?: {4}- config-[\w-]+:\/config\/[\w-]+\n)*/,
    names.map((name) => `    - config-${name}:/config/${name}\n`).join(''),
    'the volumes of x-setup',
  );
  const kept = replaced(
    mounted,
    /(?<=\n {2}config-nats: \{\}\n)(?: {2}config-[\w-]+: \{\}\n)*/,
    names.map((name) => `  config-${name}: {}\n`).join(''),
    'the volumes at the end',
  );
  const there = [...kept.matchAll(/^ {2}([\w-]+):\n {4}<<: \*service$/gm)].map((match) => match[1] ?? '');
  const gone = there.filter((name) => !names.includes(name));
  if (gone.length > 0)
    throw new Error(`docker-compose.yml: ${gone.join(', ')}: no such service; take it out`);
  const missing = names.filter((name) => !there.includes(name)).map(blockOf);
  return replaced(kept, /(?=\n {2}mail-catcher:\n)/, missing.join(''), 'the service mail-catcher');
}

/** @param {string} name */
const blockOf = (name) => `
  ${name}:
    <<: *service
    image: \${IMAGE_PREFIX:-decent-cloud}/${name}:\${IMAGE_TAG:-0.1.0}
    build: { <<: *build, target: app, args: { <<: *build-args, APP: ${name} } }
    environment: *environment
    volumes: ["config-${name}:/config:ro"]
`;

/** @param {string} text prometheus.yml @param {readonly string[]} names of all services @returns {string} with them */
export function prometheusWith(text, names) {
  return replaced(text, /(?<=- names: )\[[^\]]*\]/, `[${names.join(', ')}]`, 'dns_sd_configs.names');
}

/** @param {string} text @param {RegExp} pattern @param {string} by @param {string} what */
function replaced(text, pattern, by, what) {
  if (!pattern.test(text)) throw new Error(`${what}: not found; see tools/service-files.mjs`);
  return text.replace(pattern, () => by);
}

/** @param {boolean} onlyCheck @returns {Promise<string[]>} the files that were not as they are made */
export async function makeServiceFiles(onlyCheck) {
  const names = services.map(({ name }) => name);
  const changed = [];
  for (const [name, withServices] of Object.entries(FILES)) {
    const file = join(ROOT, name);
    const text = await readFile(file, 'utf8');
    const made = withServices(text, names);
    if (made === text) continue;
    changed.push(name);
    if (!onlyCheck) await writeFile(file, made);
  }
  return changed;
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const onlyCheck = process.argv.includes('--check');
  for (const name of await makeServiceFiles(onlyCheck)) {
    if (onlyCheck) {
      console.error(
        `${name} does not name the services of libs/messages/src/services.ts: run \`npm run generate\``,
      );
      process.exitCode = 1;
    } else console.log(`wrote the services into ${name}`);
  }
}
