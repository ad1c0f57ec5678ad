import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type CrashPoints, crash } from './crash-point.ts';
import { Refusal, type RefusalJson } from './refusal.ts';

/** What is to happen at a point, as the crash file says it. */
export interface ArmedPoint {
  /** Names this arming in the file of hits. */
  readonly id: string;
  readonly point: string;
  /** `kill` ends the process at once, `fail` throws, `repeat` has the work done again, `wait` stops the process so long. */
  readonly action: 'kill' | 'fail' | 'repeat' | 'wait';
  /** So many hits over all lives of the process; without it, every time. */
  readonly times?: number;
  /** So many passes of one life of the process go by before. */
  readonly after?: number;
  /** What `fail` throws instead of a plain error. */
  readonly refusal?: RefusalJson;
  readonly failure?: { readonly class: string; readonly code: string; readonly message: string };
  readonly waitMs?: number;
}

export interface CrashFile {
  readonly armed: readonly ArmedPoint[];
  /** Whether points that are passed are written down, each once in a life of the process. */
  readonly record?: boolean;
}

export interface CrashHit {
  readonly id: string;
  readonly point: string;
  readonly action: ArmedPoint['action'];
  readonly pid: number;
  readonly atMs: number;
}

export const hitsFileOf = (crashFile: string): string => `${crashFile}.hits`;
export const passesFileOf = (crashFile: string): string => `${crashFile}.passes`;

/** Thrown where a point is told to fail. */
export class CrashPointError extends Error {
  override readonly name = 'CrashPointError';
  constructor(
    point: string,
    readonly failure: ArmedPoint['failure'],
  ) {
    super(`told to fail at ${point}`);
  }
}

/** Makes the points of this process real: only in tests, and only where a crash file is named. */
export function installCrashPoints(env: NodeJS.ProcessEnv = process.env): void {
  if (env.ENVIRONMENT === 'test' && env.DC_CRASH_FILE) crash.points = new FileCrashPoints(env.DC_CRASH_FILE);
}

interface Act {
  readonly name: string;
  readonly places: Map<string, number>;
}

/** Points that do what a file says, which is read at each of them. */
export class FileCrashPoints implements CrashPoints {
  private readonly acts = new AsyncLocalStorage<Act>();
  private readonly recorded = new Set<string>();
  private readonly passes = new Map<string, number>();

  constructor(private readonly file: string) {}

  within<T>(act: string, work: () => T): T {
    return this.acts.run({ name: act, places: new Map() }, work);
  }

  nextHere(place: string): string | undefined {
    const act = this.acts.getStore();
    if (!act) return undefined;
    const number = (act.places.get(place) ?? 0) + 1;
    act.places.set(place, number);
    return `${act.name}:${place}${number === 1 ? '' : `-${number}`}`;
  }

  pass(point: string): boolean {
    const { armed, record } = readCrashFile(this.file);
    if (record && !this.recorded.has(point)) {
      this.recorded.add(point);
      appendFileSync(passesFileOf(this.file), `${point}\n`);
    }
    let again = false;
    for (const one of armed) if (one.point === point && this.isDue(one)) again = this.hit(one) || again;
    return again;
  }

  private isDue({ id, times, after = 0 }: ArmedPoint): boolean {
    const passed = (this.passes.get(id) ?? 0) + 1;
    this.passes.set(id, passed);
    if (passed <= after) return false;
    return times === undefined || readHits(this.file).filter((hit) => hit.id === id).length < times;
  }

  private hit({ id, point, action, refusal, failure, waitMs = 0 }: ArmedPoint): boolean {
    const hit: CrashHit = { id, point, action, pid: process.pid, atMs: Date.now() };
    writeHit(hitsFileOf(this.file), hit);
    if (action === 'kill') process.kill(process.pid, 'SIGKILL');
    // Nothing of this process goes on meanwhile: neither after the signal nor while it is told to wait.
    if (action === 'kill' || action === 'wait') pause(action === 'kill' ? 10_000 : waitMs);
    if (action === 'fail') throw refusal ? Refusal.fromJSON(refusal) : new CrashPointError(point, failure);
    return action === 'repeat';
  }
}

const NOTHING: CrashFile = { armed: [] };

/** What is armed. @throws when the file is there and cannot be read: a test must not go on without its faults */
export function readCrashFile(file: string): CrashFile {
  const text = readIfThere(file);
  return text === '' ? NOTHING : (JSON.parse(text) as CrashFile);
}

export function readHits(crashFile: string): CrashHit[] {
  const lines = readIfThere(hitsFileOf(crashFile)).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as CrashHit);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function writeHit(file: string, hit: CrashHit): void {
  const handle = openSync(file, 'a');
  try {
    writeSync(handle, `${JSON.stringify(hit)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
