import { type CrashPlan, MINUTE, MS, type Node, SECOND, type Us } from './kernel.ts';
import type { Random } from './random.ts';

/** Everything that goes wrong on purpose, with how often at each occasion, before the weather of a world. */
const LIKELINESS = {
  crash: 0.001_2,
  'request-lost': 0.02,
  'answer-lost': 0.03,
  'answer-late': 0.01,
  'publish-lost': 0.02,
  'puback-lost': 0.03,
  'stored-twice': 0.03,
  'delivered-twice': 0.05,
  'delivery-delayed': 0.08,
  'ack-lost': 0.04,
  'database-away': 0.01,
  'commit-answer-lost': 0.02,
  'slow-transaction': 0.08,
  'heartbeat-lost': 0.05,
  'work-sign-lost': 0.05,
  'backend-refuses': 0.06,
  'backend-times-out-after-effect': 0.06,
  'backend-slow': 0.1,
  'snapshot-cut': 0.1,
  'list-empty': 0.02,
  'machine-lost': 0.5,
  'machine-stopped': 0.5,
  'link-cut': 1,
  'agent-stopped': 0.02,
  'disk-full': 0.005,
  'broker-rolled-back': 1,
  'forged-event': 1,
} as const;
const FIRST_CRASH_LIKELIER = 15;
export type FaultKind = keyof typeof LIKELINESS;
export const FAULT_KINDS = Object.keys(LIKELINESS) as readonly FaultKind[];

export interface FaultEntry {
  readonly at: Us;
  readonly kind: FaultKind;
  readonly where: string;
}

/** Draws the faults of one world: each world has a weather of its own, from calm to storm for every kind. */
export class Faults implements CrashPlan {
  readonly log: FaultEntry[] = [];
  readonly counts = new Map<FaultKind, number>();
  /** What programs were doing when they crashed. */
  readonly crashedDoing = new Set<string>();
  private readonly likeliness: Readonly<Record<FaultKind, number>>;
  private isActive = true;

  constructor(
    private readonly random: Random,
    private readonly now: () => Us,
  ) {
    const drawn = Object.entries(LIKELINESS).map(([kind, likeliness]) => [
      kind,
      Math.min(1, likeliness * random.pick([0, 0.3, 1, 1, 2, 4])),
    ]);
    this.likeliness = Object.fromEntries(drawn);
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.isActive = false;
  }

  get active(): boolean {
    return this.isActive;
  }

  hits(kind: FaultKind, where: string): boolean {
    if (!this.isActive || !this.random.chance(this.likeliness[kind])) return false;
    this.note(kind, where);
    return true;
  }

  note(kind: FaultKind, where: string): void {
    this.log.push({ at: this.now(), kind, where });
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  crashesNow(node: Node, doing: string): Us | undefined {
    if (!this.isActive) return undefined;
    // What is seldom done would seldom be interrupted: the first time is made likelier.
    const times = this.crashedDoing.has(doing) ? 1 : FIRST_CRASH_LIKELIER;
    if (!this.random.chance(this.likeliness.crash * times)) return undefined;
    this.note('crash', `${node.name}: ${doing}`);
    this.crashedDoing.add(doing);
    const isLong = this.random.chance(node.longOutages);
    return isLong ? this.random.int(20 * SECOND, 6 * MINUTE) : this.random.int(200 * MS, 8 * SECOND);
  }
}
