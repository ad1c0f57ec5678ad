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

/** A process waits so many microseconds, or for a future. Each wait is a point at which its node may crash. */
export type Wait = number | Future<unknown>;
export type Process<T = void> = Generator<Wait, T, unknown>;

/** Something that will be known later; the first answer counts. */
export class Future<T> {
  private settled: { readonly value?: T; readonly error?: unknown; readonly ok: boolean } | undefined;
  private readonly listeners: (() => void)[] = [];

  get isSettled(): boolean {
    return this.settled !== undefined;
  }

  resolve(value: T): void {
    this.settle({ ok: true, value });
  }

  reject(error: unknown): void {
    this.settle({ ok: false, error });
  }

  whenSettled(listener: () => void): void {
    if (this.settled) listener();
    else this.listeners.push(listener);
  }

  /** @throws what it was rejected with */
  take(): T {
    if (!this.settled) throw new Error('not settled yet');
    if (!this.settled.ok) throw this.settled.error;
    return this.settled.value as T;
  }

  private settle(settled: { value?: T; error?: unknown; ok: boolean }): void {
    if (this.settled) return;
    this.settled = settled;
    for (const listener of this.listeners.splice(0)) listener();
  }
}

/** A program on a machine: all its processes and its memory end with a crash, what it wrote down stays. */
export abstract class Node {
  epoch = 0;
  isUp = false;
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

interface Event {
  readonly at: Us;
  readonly order: number;
  readonly run: () => void;
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
  private readonly heap: Event[] = [];

  constructor(
    readonly random: Random,
    private readonly plan: CrashPlan,
    /** An error that no process expects: a fault of the system under test, or of the simulator. */
    private readonly onFault: (error: unknown, doing: string) => void,
  ) {}

  at(at: Us, run: () => void): void {
    push(this.heap, { at: Math.max(at, this.now), order: this.order++, run });
  }

  in(us: Us, run: () => void): void {
    this.at(this.now + us, run);
  }

  runUntil(end: Us): void {
    for (let next = this.heap[0]; next && next.at <= end; next = this.heap[0]) {
      pop(this.heap);
      this.now = next.at;
      this.events++;
      next.run();
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

  /** Runs a process; without a node it belongs to the world outside, which does not crash. */
  spawn<T>(node: Node | undefined, doing: string, process: Process<T>): Future<T> {
    const done = new Future<T>();
    const epoch = node?.epoch;
    this.performed.add(doing);
    const step = (resume: () => IteratorResult<Wait, T>): void => {
      if (node) {
        if (node.epoch !== epoch) return;
        const downUs = this.plan.crashesNow(node, doing);
        if (downUs !== undefined) {
          this.crash(node, downUs);
          return;
        }
      }
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
      else {
        wait.whenSettled(() =>
          this.in(0, () =>
            step(() => {
              let value: unknown;
              try {
                value = wait.take();
              } catch (error) {
                return process.throw(error);
              }
              return process.next(value);
            }),
          ),
        );
      }
    };
    this.in(0, () => step(() => process.next()));
    return done;
  }

  /** Runs a process whose failure nobody waits for. */
  launch(node: Node | undefined, doing: string, process: Process<unknown>): void {
    const done = this.spawn(node, doing, process);
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
}

/** Waits for a future, typed. */
export function* until<T>(future: Future<T>): Process<T> {
  return (yield future) as T;
}

const isBefore = (left: Event, right: Event): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

function push(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent] as Event)) break;
    heap[index] = heap[parent] as Event;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop() as Event;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (!isBefore(heap[child] as Event, last)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
}
