import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseExactJson } from '@decent-cloud/kernel';

const PROGRAM = resolve(import.meta.dirname, '../../cli/bundle/main.js');
const TIMEOUT_MS = 120_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as one person uses it: an identity store of their own. */
export class Dc {
  constructor(
    private readonly apiUrl: string,
    /** Home directory: identities and SSH keys. */
    readonly home: string,
    private readonly identity = 'me',
  ) {}

  /** Runs `dc …` and gives what it printed. */
  run(args: readonly string[], input = ''): Promise<Outcome> {
    return runProgram(process.execPath, [PROGRAM, ...args], this.env, input);
  }

  /** Runs `dc --json …`. @throws when it fails, with what it printed */
  // biome-ignore lint/suspicious/noExplicitAny: printed by the command line, whatever it is
  async json(args: readonly string[]): Promise<any> {
    const outcome = await this.run(['--json', ...args]);
    if (outcome.code !== 0)
      throw new Error(`dc ${args.join(' ')} gave ${outcome.code}: ${outcome.stdout}${outcome.stderr}`);
    return parseExactJson(outcome.stdout);
  }

  private get env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.home,
      DC_IDENTITY_DIR: join(this.home, '.dc-test-keys'),
      DC_API_URL: this.apiUrl,
      DC_IDENTITY: this.identity,
      NODE_NO_WARNINGS: '1',
    };
  }
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', fail);
    child.once('close', (code) => done({ code, stdout, stderr }));
  });
}
