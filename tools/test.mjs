import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Advice, ensureInstalled, NODE, ROOT, withAdvice } from './install/install.mjs';
import { slowestSpecs } from './specs/slowest.mjs';

/** Bytes. */
const LEAST_FOR_THREE = 7 * 1024 ** 3;

/**
 * `npm test`: installs what is missing, generates, builds, runs every spec; of what has very many cases a sample that
 * follows from `TEST_SEED`, which is the commit unless it is set. `--all` (`npm run test:all`) leaves nothing out. `--unit`
 * is the quick part that needs no server; other arguments go to Jest.
 */
await withAdvice(async () => {
  const args = process.argv.slice(2);
  const quick = takeOut(args, '--unit');
  if (takeOut(args, '--all')) process.env.TEST_ALL = '1';
  process.env.TEST_SEED ??= commit();
  if (!quick && process.env.TEST_ALL !== '1')
    console.log(`Samples follow from TEST_SEED=${process.env.TEST_SEED}`);
  await ensureInstalled((line) => console.log(line));
  if (!quick) {
    await must('generate.mjs');
    await must('build.mjs');
  }
  // The quick ones first, and alone: specs that drive servers take the whole computer. What computes fills their waits.
  const all = quick ? [['unit', 'simulation']] : [['unit'], ['int', 'e2e', 'simulation']];
  const runs = args.includes('--selectProjects') ? [[]] : all;
  const results = [];
  for (const projects of runs)
    results.push(await jest(projects.length > 0 ? [...args, '--selectProjects', ...projects] : args));
  const sum = (/** @type {'passed' | 'failed'} */ name) =>
    results.reduce((total, result) => total + result[name], 0);
  if (results.length > 1)
    for (const line of ['Slowest files:', ...slowestSpecs(results.flatMap(({ files }) => files))])
      console.log(line);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exit(results.every(({ success }) => success) && sum('failed') === 0 ? 0 : 1);
});

/** @param {string[]} args @param {string} flag */
function takeOut(args, flag) {
  const index = args.indexOf(flag);
  if (index >= 0) args.splice(index, 1);
  return index >= 0;
}

/** Short; a copy without its history has always the same. */
function commit() {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return stdout?.trim() || '0';
}

/**
 * Specs that drive servers mostly wait for them: two CPUs have work for three, if there is memory for three platforms.
 * @param {string[]} args
 */
function workers(args) {
  const mostlyWait = !args.includes('unit') && totalmem() >= LEAST_FOR_THREE;
  return Math.max(mostlyWait ? 3 : 2, availableParallelism() - 1);
}

/** One run of Jest. @param {string[]} args */
async function jest(args) {
  const report = join(tmpdir(), `dc-jest-${process.pid}.json`);
  const code = await node([
    '--conditions=source',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
    '--passWithNoTests',
    `--maxWorkers=${workers(args)}`,
    '--json',
    `--outputFile=${report}`,
    ...args,
  ]);
  if (!existsSync(report)) throw new Advice('Jest ended without a report; see above.');
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, success, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  rmSync(report);
  return {
    passed: numPassedTests,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    success: success && code === 0,
    files: testResults,
  };
}

/** @param {string} tool */
async function must(tool) {
  if ((await node([join(ROOT, 'tools', tool)])) !== 0) throw new Advice(`tools/${tool} failed; see above.`);
}

/** Jest writes its report on stdout too, which nobody wants to see. @param {string[]} args @returns {Promise<number>} */
function node(args) {
  return new Promise((done, fail) => {
    const isJest = args.some((argument) => argument.endsWith('jest.js'));
    const child = spawn(NODE, args, {
      cwd: ROOT,
      stdio: ['ignore', isJest ? 'ignore' : 'inherit', 'inherit'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
      process.once(signal, () => child.kill(signal));
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}
