import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '@decent-cloud/kernel';
import { LRUCache } from 'lru-cache';
import { tooLate } from './door.ts';
import { regardlessOfTime, timeLeftMs } from './request-scope.ts';

/**
 * What they get who ask while the service does not answer, or fails: its error, or what is kept and has been out of date
 * for at most `staleForMs`, and nothing of the rest. With 0 that is nothing. `note` is told each failed question once.
 */
export type WhenSilent =
  | 'throw'
  | { readonly staleForMs: number; readonly note: (error: unknown, keys: readonly string[]) => void };

export interface DirectoryOptions<K extends string, V> {
  /** For log lines: what is asked for. */
  readonly name: string;
  /** Asks the service about some keys; a key that the answer lacks is one that the service does not know. */
  readonly ask: (keys: K[], timeoutMs: number) => Promise<ReadonlyMap<K, V>>;
  /** So many keys go into one question. */
  readonly keysAtOnce: number;
  readonly timeoutMs: number;
  readonly mostKept: number;
  /** So long an answer holds. */
  readonly keptMs: number;
  /** So long it holds that the service does not know a key; 0: it is asked again each time. */
  readonly unknownKeptMs: number;
  readonly whenSilent: WhenSilent;
  /** Of a clock that nobody sets. */
  readonly nowMs?: () => number;
}

interface Kept<V> {
  /** Undefined: the service does not know the key. */
  readonly value: V | undefined;
  readonly freshUntilMs: number;
}

interface Question<K extends string, V> {
  readonly keys: Set<K>;
  readonly answer: Promise<ReadonlyMap<K, V>>;
}

/** Whoever asks gives up by itself, and says why; so much later nobody waits for it any more. */
const HUNG_MS = 500;

/**
 * What another service knows of keys. Keys that are asked for in the same tick go into one question; a key that is in a
 * question already is not asked for again. Questions are nobody's alone: each has the directory's own time limit, and
 * whoever has less left waits less.
 */
export class Directory<K extends string, V> {
  private readonly kept: LRUCache<K, Kept<V>>;
  /** Of each key the question whose answer will be kept. */
  private readonly asking = new Map<K, Question<K, V>>();
  /** Not sent yet: takes more keys. */
  private open: Question<K, V> | undefined;

  constructor(private readonly options: DirectoryOptions<K, V>) {
    this.kept = new LRUCache({ max: options.mostKept });
  }

  /** Undefined: the service does not know it (or is silent, where that does not throw). */
  async find(key: K): Promise<V | undefined> {
    return (await this.findAll([key])).get(key);
  }

  /** What is known of some keys; of more than fit into a question one part after the other. */
  async findAll(keys: Iterable<K>): Promise<Map<K, V>> {
    const found = new Map<K, V>();
    const missing: K[] = [];
    for (const key of new Set(keys)) {
      const kept = this.keptOf(key, 0);
      if (!kept) missing.push(key);
      else if (kept.value !== undefined) found.set(key, kept.value);
    }
    const { keysAtOnce, whenSilent } = this.options;
    for (let from = 0; from < missing.length; from += keysAtOnce) {
      try {
        const answers = await this.learn(missing.slice(from, from + keysAtOnce));
        for (const [key, value] of answers) found.set(key, value);
      } catch (error) {
        if (whenSilent === 'throw') throw error;
        for (const key of missing.slice(from)) {
          const value = this.keptOf(key, whenSilent.staleForMs)?.value;
          if (value !== undefined) found.set(key, value);
        }
        break;
      }
    }
    return found;
  }

  /** Something has changed: an answer that is on its way is given to those who wait for it, but not kept. */
  forget(key: K): void {
    this.kept.delete(key);
    this.asking.delete(key);
  }

  /** The same for all keys of which such a thing is known, and for all that are asked about: it might be said of them. */
  forgetThose(areMeant: (value: V) => boolean): void {
    this.asking.clear();
    for (const [key, { value }] of [...this.kept.entries()]) {
      if (value !== undefined && areMeant(value)) this.kept.delete(key);
    }
  }

  forgetAll(): void {
    this.kept.clear();
    this.asking.clear();
  }

  private keptOf(key: K, staleForMs: number): Kept<V> | undefined {
    const kept = this.kept.get(key);
    return kept && this.nowMs() < kept.freshUntilMs + staleForMs ? kept : undefined;
  }

  private async learn(keys: readonly K[]): Promise<Map<K, V>> {
    const leftMs = timeLeftMs();
    if (leftMs !== undefined && leftMs <= 0) throw tooLate();
    const questions = new Map(keys.map((key) => [key, this.asking.get(key) ?? this.add(key)]));
    const all = Promise.all([...new Set(questions.values())].map(({ answer }) => answer));
    await (leftMs === undefined ? all : within(all, leftMs, tooLate));
    const answers = new Map<K, V>();
    for (const [key, { answer }] of questions) {
      const value = (await answer).get(key);
      if (value !== undefined) answers.set(key, value);
    }
    return answers;
  }

  private add(key: K): Question<K, V> {
    if (!this.open || this.open.keys.size >= this.options.keysAtOnce) this.open = this.newQuestion();
    this.open.keys.add(key);
    this.asking.set(key, this.open);
    return this.open;
  }

  private newQuestion(): Question<K, V> {
    const keys = new Set<K>();
    const question: Question<K, V> = {
      keys,
      answer: new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.send(question)),
    };
    // Those who wait see it; it may be that nobody does any more.
    question.answer.catch(() => undefined);
    return question;
  }

  private async send(question: Question<K, V>): Promise<ReadonlyMap<K, V>> {
    if (this.open === question) this.open = undefined;
    const { ask, name, timeoutMs, whenSilent } = this.options;
    const keys = [...question.keys];
    try {
      // Others wait for it, too: the time that the first one has left is not theirs.
      const asked = regardlessOfTime(() => ask(keys, timeoutMs));
      const answer = await within(asked, timeoutMs + HUNG_MS, () => hung(name));
      for (const key of keys) if (this.asking.get(key) === question) this.keep(key, answer.get(key));
      return answer;
    } catch (error) {
      if (whenSilent !== 'throw') whenSilent.note(error, keys);
      throw error;
    } finally {
      for (const key of keys) if (this.asking.get(key) === question) this.asking.delete(key);
    }
  }

  private keep(key: K, value: V | undefined): void {
    const { keptMs, unknownKeptMs } = this.options;
    const forMs = value === undefined ? unknownKeptMs : keptMs;
    if (forMs > 0) this.kept.set(key, { value, freshUntilMs: this.nowMs() + forMs });
    else this.kept.delete(key);
  }

  private nowMs(): number {
    return (this.options.nowMs ?? (() => performance.now()))();
  }
}

const hung = (name: string): Refusal =>
  new Refusal('UNAVAILABLE', 'OUTCOME_UNKNOWN', `${name}: no answer in time`);

/** The work's outcome, or this error when it takes longer; the work goes on then. */
async function within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const over = new AbortController();
  const limit = sleep(ms, undefined, { signal: over.signal }).then(
    () => {
      throw late();
    },
    () => work,
  );
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
  }
}
