import { printExactJson } from '@decent-cloud/kernel';
import { type FactPayload, facts } from '@decent-cloud/messages';
import type { KeyOwners } from '../auth/key-owners.ts';
import type { ParsedFact, Position } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';
import type { LiveListener, Page } from './live-listener.ts';
import type { StreamPlaces } from './stream-limits.ts';

const KEPT_CHANGES = 5_000;
const PAGE_CHANGES = 500;

/** Knows who listens and hands every change to those whom it concerns; keeps the newest changes for those who come back. */
export class LiveHub {
  private readonly listeners = new Map<string, Set<LiveListener>>();
  private readonly all = new Set<LiveListener>();
  private kept: LiveChange[] = [];
  /** Every change after this sequence is kept. */
  private keptAfter = 0;
  private current: Position | undefined;

  constructor(
    private readonly owners: KeyOwners,
    readonly places: StreamPlaces,
  ) {}

  get size(): number {
    return this.all.size;
  }

  /** Where reading stands; undefined before the first time. */
  get position(): Position | undefined {
    return this.current;
  }

  add(listener: LiveListener): void {
    this.all.add(listener);
    this.places.add(listener);
    this.listen(listener, listener.publicKey);
    if (listener.accountId !== undefined) this.listen(listener, listener.accountId);
  }

  remove(listener: LiveListener): void {
    if (!this.all.delete(listener)) return;
    this.places.remove(listener);
    for (const name of [listener.publicKey, listener.accountId]) {
      if (name === undefined) continue;
      const set = this.listeners.get(name);
      set?.delete(listener);
      if (set?.size === 0) this.listeners.delete(name);
    }
  }

  endAll(why: string): void {
    for (const listener of [...this.all]) listener.end(why);
  }

  /** The next kept changes after a sequence; undefined when some of them are not kept any more. */
  pageAfter(sequence: number): Page | undefined {
    if (!this.current || sequence < this.keptAfter) return undefined;
    const from = this.firstKeptAfter(sequence);
    const changes = this.kept.slice(from, from + PAGE_CHANGES);
    const last = from + PAGE_CHANGES < this.kept.length ? changes.at(-1) : this.current;
    return { changes, upTo: last?.sequence ?? this.current.sequence };
  }

  opened(position: Position, continued: boolean): void {
    const isFirst = this.current === undefined;
    if (!continued) {
      this.current = position;
      this.kept = [];
      this.keptAfter = position.sequence;
      // Keys may have been disabled meanwhile.
      this.owners.forgetAll();
      if (!isFirst) for (const listener of [...this.all]) listener.reset(position);
    }
  }

  take(fact: ParsedFact, sequence: number): void {
    const change = changeOf(fact, sequence);
    // First of all: whoever cannot take it now looks for it here.
    if (change) this.keep(change);
    if (this.current) this.current = { ...this.current, sequence };
    if (change) for (const listener of this.concerned(change.audience)) listener.take(change);
    this.follow(fact);
  }

  private firstKeptAfter(sequence: number): number {
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.kept[middle] as LiveChange).sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private keep(change: LiveChange): void {
    this.kept.push(change);
    if (this.kept.length < 2 * KEPT_CHANGES) return;
    const dropped = this.kept.splice(0, KEPT_CHANGES);
    this.keptAfter = dropped.at(-1)?.sequence ?? this.keptAfter;
  }

  /** What facts say about keys and accounts holds here too, at once. */
  private follow({ declaration, payload }: ParsedFact): void {
    if (declaration.subject === facts.keyDisabled.subject) {
      const { publicKey, accountId } = payload as FactPayload<typeof facts.keyDisabled>;
      this.owners.forgetAccount(accountId);
      this.owners.forgetKey(publicKey);
      for (const listener of [...(this.listeners.get(publicKey) ?? [])]) {
        if (listener.publicKey === publicKey) listener.end('this key was disabled');
      }
    } else if (
      declaration.subject === facts.keyAdded.subject ||
      declaration.subject === facts.accountRegistered.subject
    ) {
      const { publicKey, accountId } = payload as FactPayload<typeof facts.keyAdded>;
      this.owners.forgetKey(publicKey);
      for (const listener of [...(this.listeners.get(publicKey) ?? [])]) {
        if (listener.publicKey !== publicKey) continue;
        this.remove(listener);
        listener.accountId = accountId;
        this.add(listener);
      }
    }
  }

  private concerned(audience: readonly string[]): Set<LiveListener> {
    const found = new Set<LiveListener>();
    for (const name of audience) for (const listener of this.listeners.get(name) ?? []) found.add(listener);
    return found;
  }

  private listen(listener: LiveListener, name: string): void {
    const set = this.listeners.get(name);
    if (set) set.add(listener);
    else this.listeners.set(name, new Set([listener]));
  }
}

/** What live clients see of a fact, if anything. */
export function changeOf({ declaration, payload }: ParsedFact, sequence: number): LiveChange | undefined {
  const shown = declaration.live?.(payload);
  const audience = declaration.audience?.(payload);
  if (!shown || !audience) return undefined;
  return { sequence, event: shown.event, data: printExactJson(shown.data), audience };
}
