import { build } from '../build.mjs';
import { generate } from '../generate.mjs';
import { ROOT } from '../install/install.mjs';
import { bundleOthers } from './services.mjs';
import { isConcerned, watchSources } from './watch.mjs';

/**
 * @typedef {object} RebuildOptions
 * @property {import('./run.mjs').StackRun} run
 * @property {import('./children.mjs').StackChildren} children
 * @property {(name: string) => number | undefined} portOf
 * @property {() => Promise<void>} onRestarted they have other process ids now
 */

/** From now on a change of the sources restarts what uses them. @param {RebuildOptions} options */
export function rebuildOnChange(options) {
  const { say } = options.run;
  watchSources(
    ROOT,
    (projects) => rebuild(projects, options),
    (error) => say(`not rebuilt: ${error.message}`),
  );
  say('watching apps, libs and prisma: a change restarts what uses it');
}

/** Builds again and restarts what a change concerns. @param {ReadonlySet<string>} projects @param {RebuildOptions} options */
async function rebuild(projects, options) {
  const { run } = options;
  const { say } = run;
  const generated = await generate(say);
  const { compiled, removed, errors } = await build({ bundles: () => false });
  for (const error of errors.slice(0, 5)) console.error(error);
  if (errors.length > 0) {
    say('not restarted: the build has errors (above)');
    return;
  }
  if (generated + compiled + removed === 0 || run.stopping) return;
  await restart(projects, options);
  if (!run.stopping) await bundleRest(say);
}

/** @param {(line: string) => void} say */
async function bundleRest(say) {
  const { errors } = await bundleOthers();
  for (const error of errors.slice(0, 5)) console.error(error);
  if (errors.length > 0) say('not all programs are bundled (above)');
}

/** @param {ReadonlySet<string>} projects @param {RebuildOptions} options */
async function restart(projects, { run, children, portOf, onRestarted }) {
  const { say } = run;
  const concerned = children.all.filter((child) => isConcerned(child.options.args, projects));
  if (concerned.length === 0) return;
  say(`changed: restarting ${concerned.map((child) => child.name).join(', ')}`);
  await Promise.all(concerned.map((child) => child.restart()));
  const ready = await Promise.all(
    concerned.map((child) =>
      children.waitReady(child, portOf(child.name)).then(
        () => true,
        (error) => say(error.message),
      ),
    ),
  );
  await onRestarted();
  if (ready.every(Boolean)) say('ready again');
}
