import { EventQueue } from './event-queue.ts';
import { Future } from './future.ts';
import type { Random } from './random.ts';

/** Virtual time in microseconds since the start of the simulation. */
export type Us = number;
export const MS = 1_000;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 3_600 * SECOND;

/** Unix nanoseconds at virtual time 0. */
const START_NS = 1_795_414_800_000_000_000n;
export const nsAt = (at: Us): bigint => START_NS + BigInt(Math.round(at)) * 1_000n;

/** A process waits so many microseconds, or for a future: points at which its node may crash. Or for an async function. */
export type Wait = number | Future<unknown> | Promise<unknown>;
export type Process<T = void> = Generator<Wait, T, unknown>;
/** A process, or an async function whose every wait is one of the kernel. */
export type Work<T> = Process<T> | (() => Promise<T>);

/** A program on a machine: all its processes and its memory end with a crash, what it wrote down stays. */
export abstract class Node {
  epoch = 0;
  isUp = false;
  /** A transaction of its database is open. */
  isInTransaction = false;
  /** How many of its crashes keep it down for long. */
  readonly longOutages: number = 0.03;

  constructor(
    readonly name: string,
    /** How far its clock is off. */
    readonly skewUs: Us,
  ) {}

  /** Starts with empty memory. */
  abstract boot(): void;
}

/** What decides whether a node crashes between two effects. */
export interface CrashPlan {
  crashesNow(node: Node, doing: string): Us | undefined;
}

/** Virtual clock and scheduler: one event at a time, in the order of time, then of planning. */
export class Kernel {
  now: Us = 0;
  events = 0;
  /** Everything that any node has begun to do, by name. */
  readonly performed = new Set<string>();
  private order = 0;
  private readonly queue = new EventQueue();
  /** What goes on now, by name: all that runs between two events is of one process. */
  private doing = 'nothing';
  /** The event has woken an async function: it goes on before the next event. */
  private hasWoken = false;

  constructor(
    readonly random: Random,
    private readonly plan: CrashPlan,
    /** An error that no process expects: a fault of the system under test, or of the simulator. */
    private readonly onFault: (error: unknown, doing: string) => void,
  ) {}

  at(at: Us, run: () => void): void {
    this.queue.add({ at: Math.max(at, this.now), order: this.order++, run });
  }

  in(us: Us, run: () => void): void {
    this.at(this.now + us, run);
  }

  async runUntil(end: Us): Promise<void> {
    for (let next = this.queue.first; next && next.at <= end; next = this.queue.first) {
      this.queue.removeFirst();
      this.now = next.at;
      this.events++;
      next.run();
      if (this.events % EVENTS_A_TURN === 0) await othersHadTheirTurn();
      else if (this.hasWoken) await microtasksDone();
      this.hasWoken = false;
    }
    this.now = end;
  }

  /** The time as this node reads it. */
  nowOf(node: Node): bigint {
    return nsAt(this.now + node.skewUs);
  }

  start(node: Node): void {
    node.isUp = true;
    node.boot();
  }

  crash(node: Node, downUs: Us): void {
    node.epoch++;
    node.isUp = false;
    this.in(downUs, () => this.start(node));
  }

  /** For async functions of this node: some time passes. It never ends when the node crashes meanwhile. */
  sleep(node: Node | undefined, us: Us): Promise<void> {
    assertMayWait(node);
    const { doing } = this;
    const epoch = node?.epoch;
    return new Promise((resolve) => this.in(us, () => this.wake(node, epoch, doing, resolve)));
  }

  /** For programs of this node: something happens later, unless it is called off or the node crashes before. */
  later(node: Node, us: Us, doing: string, work: () => void): () => void {
    const { epoch } = node;
    let isCalledOff = false;
    this.in(us, () => {
      if (!isCalledOff) this.wake(node, epoch, doing, work);
    });
    return () => {
      isCalledOff = true;
    };
  }

  /** For async functions of this node: what a future will bring. It never ends when the node crashes meanwhile. */
  wait<T>(node: Node | undefined, future: Future<T>): Promise<T> {
    assertMayWait(node);
    const { doing } = this;
    const epoch = node?.epoch;
    return new Promise((resolve, reject) => {
      const goOn = () => {
        try {
          resolve(future.take());
        } catch (error) {
          reject(error);
        }
      };
      future.whenSettled(() => this.in(0, () => this.wake(node, epoch, doing, goOn)));
    });
  }

  /** For async functions of this node: a generator as a part of what they do. */
  run<T>(node: Node | undefined, process: Process<T>): Promise<T> {
    return this.wait(node, this.spawn(node, this.doing, process));
  }

  /** Runs a process, or an async function; without a node it belongs to the world outside, which does not crash. */
  spawn<T>(node: Node | undefined, doing: string, work: Work<T>): Future<T> {
    const done = new Future<T>();
    const epoch = node?.epoch;
    this.performed.add(doing);
    const begin =
      typeof work === 'function'
        ? () =>
            this.wake(node, epoch, doing, () => {
              work().then(
                (value) => done.resolve(value),
                (error: unknown) => done.reject(error),
              );
            })
        : this.stepper(node, doing, work, done);
    this.in(0, begin);
    return done;
  }

  /** Runs a process whose failure nobody waits for. */
  launch(node: Node | undefined, doing: string, work: Work<unknown>): void {
    const done = this.spawn(node, doing, work);
    done.whenSettled(() => {
      try {
        done.take();
      } catch (error) {
        this.onFault(error, doing);
      }
    });
  }

  report(error: unknown, doing: string): void {
    this.onFault(error, doing);
  }

  private wake(node: Node | undefined, epoch: number | undefined, doing: string, goOn: () => void): void {
    if (!this.goesOn(node, epoch, doing)) return;
    this.hasWoken = true;
    goOn();
  }

  /** False: its node has crashed, or does so now. */
  private goesOn(node: Node | undefined, epoch: number | undefined, doing: string): boolean {
    if (node) {
      if (node.epoch !== epoch) return false;
      const downUs = this.plan.crashesNow(node, doing);
      if (downUs !== undefined) {
        this.crash(node, downUs);
        return false;
      }
    }
    this.doing = doing;
    return true;
  }

  /** Gives the first step of a generator. */
  private stepper<T>(
    node: Node | undefined,
    doing: string,
    process: Process<T>,
    done: Future<T>,
  ): () => void {
    const epoch = node?.epoch;
    const go = (resume: () => IteratorResult<Wait, T>): void => {
      let result: IteratorResult<Wait, T>;
      try {
        result = resume();
      } catch (error) {
        done.reject(error);
        return;
      }
      if (result.done) {
        done.resolve(result.value);
        return;
      }
      const wait = result.value;
      if (typeof wait === 'number') this.in(wait, () => step(() => process.next()));
      else if (wait instanceof Future) {
        wait.whenSettled(() => this.in(0, () => step(() => resumeWith(process, wait))));
      } else {
        this.hasWoken = true;
        wait.then(
          (value) => go(() => process.next(value)),
          (error: unknown) => go(() => process.throw(error)),
        );
      }
    };
    const step = (resume: () => IteratorResult<Wait, T>): void => {
      if (this.goesOn(node, epoch, doing)) go(resume);
    };
    return () => step(() => process.next());
  }
}

function resumeWith<T>(process: Process<T>, future: Future<unknown>): IteratorResult<Wait, T> {
  let value: unknown;
  try {
    value = future.take();
  } catch (error) {
    return process.throw(error);
  }
  return process.next(value);
}

/** What a transaction does happens at one moment: time passes before it and after it. */
function assertMayWait(node: Node | undefined): void {
  if (node?.isInTransaction) throw new Error(`${node.name} waits inside of a transaction`);
}

/** All promises that are settled have been followed by then, however long the chain: ticks come when no microtask is left. */
const microtasksDone = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
/** Signals, and whoever waits for this process, have their turn. */
const othersHadTheirTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const EVENTS_A_TURN = 10_000;

/** Waits for an async function, typed. */
export function* awaited<T>(promise: Promise<T>): Process<T> {
  return (yield promise) as T;
}

/** Waits for a future, typed. */
export function* until<T>(future: Future<T>): Process<T> {
  return (yield future) as T;
}
