import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** What stays outside of the bundles because it is native: which app asks for which package when it runs. */
export const NATIVE_PACKAGES = { gateway: ['sodium-native'] };

const LOAD_MS = 30_000;
const LOADED = 'require(process.argv[1]); console.log(JSON.stringify(Object.keys(require.cache)))';

/**
 * Copies what loading a native package takes, on this system: its files, their package.json, the program itself.
 * Loads it in a process of its own to see which these are.
 * @param {string} root @param {string} name @param {string} target a folder that gets a node_modules
 */
export async function copyNativePackage(root, name, target) {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', LOADED, name], {
    cwd: root,
    timeout: LOAD_MS,
  });
  /** @type {string[]} */
  const files = JSON.parse(stdout);
  if (!files.some((file) => file.endsWith('.node'))) throw new Error(`${name} loads nothing that is native`);
  for (const file of new Set([...files, ...files.map(manifestOf)])) {
    const to = join(target, relative(root, file));
    await mkdir(dirname(to), { recursive: true });
    await cp(file, to);
  }
}

/** @param {string} file of a package */
function manifestOf(file) {
  const [folder] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
  if (folder === undefined) throw new Error(`${file} is in no package`);
  return join(folder, 'package.json');
}
