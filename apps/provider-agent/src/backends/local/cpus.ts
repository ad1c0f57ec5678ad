import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `0-2,5` as the kernel writes it. */
export function readCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** As many CPUs as were rented, spread over the host by the machine's id. Undefined: those are all of them. */
export function cpusOf(externalId: string, cpuCores: number, all: readonly number[]): number[] | undefined {
  if (cpuCores >= all.length) return undefined;
  const first = createHash('sha256').update(externalId).digest().readUInt32BE() % all.length;
  return Array.from({ length: cpuCores }, (_, index) => all[(first + index) % all.length] as number);
}

let own: Promise<readonly number[] | undefined> | undefined;

/** Those that this process may use. Undefined: there is no `taskset`, which could give a program fewer. */
export function limitableCpus(): Promise<readonly number[] | undefined> {
  own ??= readOwn().catch(() => undefined);
  return own;
}

async function readOwn(): Promise<readonly number[]> {
  const status = await readFile('/proc/self/status', 'latin1');
  const all = readCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
  await run('taskset', ['--cpu-list', `${all[0]}`, 'true'], { timeout: 5_000 });
  return all;
}

/** The command line that shows a program the rented number of CPUs, where that can be done. It is no limit: it can be lifted. */
export async function withCpus(
  externalId: string,
  cpuCores: number | undefined,
  [program, args]: readonly [string, readonly string[]],
): Promise<readonly [string, readonly string[]]> {
  const all = cpuCores === undefined ? undefined : await limitableCpus();
  const cpus = all && cpusOf(externalId, cpuCores as number, all);
  return cpus ? ['taskset', ['--cpu-list', cpus.join(','), program, ...args]] : [program, args];
}
