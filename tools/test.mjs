import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Advice, ensureInstalled, NODE, ROOT, withAdvice } from './install.mjs';

/**
 * `npm test`: installs what is missing, generates, builds, runs every spec. `--unit` is the quick part that needs no
 * server; other arguments go to Jest.
 */
await withAdvice(async () => {
  const args = process.argv.slice(2);
  const quick = args.includes('--unit');
  await ensureInstalled((line) => console.log(line));
  if (!quick) {
    await must('generate.mjs');
    await must('build.mjs');
  }
  // The quick ones first, and alone: specs that drive servers take the whole computer.
  const runs = [['unit'], ...(quick ? [] : [['int', 'e2e']])];
  const results = [];
  for (const projects of runs)
    results.push(
      await jest([...args.filter((argument) => argument !== '--unit'), '--selectProjects', ...projects]),
    );
  const sum = (/** @type {'passed' | 'failed'} */ name) =>
    results.reduce((total, result) => total + result[name], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exit(results.every(({ success }) => success) && sum('failed') === 0 ? 0 : 1);
});

/** One run of Jest. @param {string[]} args */
async function jest(args) {
  const report = join(tmpdir(), `dc-jest-${process.pid}.json`);
  const code = await node([
    '--experimental-vm-modules',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
    '--passWithNoTests',
    // Specs that drive servers mostly wait for them: even on two CPUs there is work for two.
    `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`,
    '--json',
    `--outputFile=${report}`,
    ...args,
  ]);
  if (!existsSync(report)) throw new Advice('Jest ended without a report; see above.');
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, success } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  rmSync(report);
  return {
    passed: numPassedTests,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    success: success && code === 0,
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
