import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { programs } from './programs.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
/** A Node that says it is an older one. */
const OLDER =
  'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"});Object.defineProperty(process,"version",{value:"v20.20.2"})';
const FROM_SOURCE = [
  '--conditions=source',
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
];

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !/\/(node_modules|dist|bundle|generated)\//.test(file) && !/\.spec\.ts$/.test(file));
}

/** What is run and not only imported: it exports nothing, or asks whether it is the program. */
async function isProgram(file: string): Promise<boolean> {
  // Imported before a program, for what they do.
  if (/\/(needed-node|run-sources)\.(ts|mjs)$/.test(file)) return false;
  if (/^apps\/[^/]+\/(src\/(.+\/)?main\.ts|bin\/)/.test(file)) return true;
  if (!/\.(ts|mjs)$/.test(file)) return false;
  const text = await readFile(join(ROOT, file), 'utf8');
  if (/import\.meta\.main|process\.argv\[1\] && resolve/.test(text)) return true;
  return /^(tools|deploy|apps\/bench\/programs)\//.test(file) && !/^export /m.test(text);
}

function runUnderOlderNode(file: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: 'postgresql://nowhere.invalid/none' };
    execFile(
      process.execPath,
      [...FROM_SOURCE, '--import', OLDER, join(ROOT, file)],
      { env, timeout: 50_000 },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('the list names every program, and nothing that is gone', async () => {
  const files = (await Promise.all(['apps', 'libs', 'tools', 'deploy'].map(filesBelow))).flat();
  const found: string[] = [];
  for (const file of files) if (await isProgram(file)) found.push(file);
  expect(found.sort()).toEqual(Object.keys(programs).sort());
});

const needing = Object.entries(programs).filter(([, kind]) => kind === 'needs-node');
test.each(needing)('%s looks at its Node before anything else', async (file) => {
  const text = await readFile(join(ROOT, file), 'utf8');
  const [first] = /^import .*$/m.exec(text) ?? [];
  expect(first).toMatch(
    /^import '(@decent-cloud\/kernel\/needed-node|(\.\.?\/)+(tools\/)?(install\/)?needed-node\.mjs)';$/,
  );
});

test.each(['apps/cli/src/main.ts', 'apps/provider-agent/src/main.ts', 'tools/stack/stack.mjs'])(
  '%s under an older Node says what it needs, and does nothing',
  async (file) => {
    const { code, stdout, stderr } = await runUnderOlderNode(file);
    expect(stderr).toMatch(/needs Node 24\.9 or newer; this is v?20\.20\.2/);
    expect(stdout).toBe('');
    expect(code).toBe(3);
  },
  60_000,
);
