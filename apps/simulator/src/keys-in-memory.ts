import type { KeyName, KeyStore, KnownKey } from '@decent-cloud/runtime';
import type { Database } from './database.ts';
import { SECOND, type Us } from './kernel.ts';

interface KeyRow {
  readonly inputHash: string;
  readonly operationId: string;
  readonly answer: string | null;
  readonly claimedUntil: Us;
}

const textOf = ({ caller, subject, key }: KeyName): string => `${caller} ${subject} ${key}`;

/** Idempotency keys without their SQL; each change is a statement of its own. */
export class KeysInMemory implements KeyStore {
  private readonly rows = new Map<string, KeyRow>();

  constructor(private readonly database: Database) {}

  take(name: KeyName, key: Pick<KnownKey, 'inputHash' | 'operationId'>, seconds: number): Promise<boolean> {
    return this.database.statement(() => {
      if (this.rows.has(textOf(name))) return false;
      this.rows.set(textOf(name), { ...key, answer: null, claimedUntil: this.in(seconds) });
      return true;
    });
  }

  async find(name: KeyName): Promise<KnownKey | undefined> {
    await this.database.read();
    const row = this.rows.get(textOf(name));
    return row && { ...row, inFlight: row.claimedUntil > this.in(0) };
  }

  takeOver(name: KeyName, seconds: number): Promise<boolean> {
    return this.database.statement(() => {
      const row = this.rows.get(textOf(name));
      if (!row || row.answer !== null || row.claimedUntil >= this.in(0)) return false;
      this.rows.set(textOf(name), { ...row, claimedUntil: this.in(seconds) });
      return true;
    });
  }

  keep(name: KeyName, answer: string): Promise<void> {
    return this.change(name, (row) => ({ ...row, answer }));
  }

  release(name: KeyName): Promise<void> {
    return this.change(name, (row) => (row.answer === null ? undefined : row));
  }

  handOver(name: KeyName): Promise<void> {
    return this.change(name, (row) => (row.answer === null ? { ...row, claimedUntil: -1 } : row));
  }

  private change(name: KeyName, change: (row: KeyRow) => KeyRow | undefined): Promise<void> {
    return this.database.statement(() => {
      const row = this.rows.get(textOf(name));
      if (!row) return;
      const changed = change(row);
      if (changed) this.rows.set(textOf(name), changed);
      else this.rows.delete(textOf(name));
    });
  }

  private in(seconds: number): Us {
    return this.database.kernel.now + seconds * SECOND;
  }
}
