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
  const report = join(tmpdir(), `dc-jest-${process.pid}.json`);
  const projects = quick ? ['unit'] : ['unit', 'int', 'e2e'];
  const code = await node([
    '--experimental-vm-modules',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
    '--passWithNoTests',
    // Specs that drive servers mostly wait for them: even on two CPUs there is work for two.
    `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`,
    ...args.filter((argument) => argument !== '--unit'),
    '--json',
    `--outputFile=${report}`,
    '--selectProjects',
    ...projects,
  ]);
  if (!existsSync(report)) throw new Advice('Jest ended without a report; see above.');
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, success } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  rmSync(report);
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  console.log(`${numPassedTests} passed, ${failed} failed`);
  process.exit(success && failed === 0 && code === 0 ? 0 : 1);
});

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
