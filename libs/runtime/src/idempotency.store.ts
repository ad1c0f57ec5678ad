import type { Database } from '@decent-cloud/postgres';
import type { KeyName, KeyStore, KnownKey } from './idempotency.ts';

interface KeyRow {
  input_hash: string;
  operation_id: string;
  answer: string | null;
  in_flight: boolean;
}

const IS_IT = 'caller = $1 and subject = $2 and key = $3';
const TAKE = `insert into messaging.idempotency_key (caller, subject, key, input_hash, operation_id, claimed_until)
   values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) on conflict do nothing returning 1`;
const FIND = `select input_hash, operation_id, answer, claimed_until > now() as in_flight
   from messaging.idempotency_key where ${IS_IT}`;
const TAKE_OVER = `update messaging.idempotency_key set claimed_until = now() + make_interval(secs => $4)
   where ${IS_IT} and answer is null and claimed_until < now() returning 1`;
const KEEP = `update messaging.idempotency_key set answer = $4 where ${IS_IT}`;
const RELEASE = `delete from messaging.idempotency_key where ${IS_IT} and answer is null`;
const HAND_OVER = `update messaging.idempotency_key set claimed_until = '-infinity' where ${IS_IT} and answer is null`;

const valuesOf = ({ caller, subject, key }: KeyName): string[] => [caller, subject, key];

/** Idempotency keys in the service's own database. */
export class IdempotencyKeyStore implements KeyStore {
  constructor(private readonly database: Database) {}

  async take(
    name: KeyName,
    { inputHash, operationId }: Pick<KnownKey, 'inputHash' | 'operationId'>,
    seconds: number,
  ): Promise<boolean> {
    const values = [...valuesOf(name), inputHash, operationId, seconds];
    return (await this.database.query(TAKE, values)).length === 1;
  }

  async find(name: KeyName): Promise<KnownKey | undefined> {
    const [row] = await this.database.query<KeyRow>(FIND, valuesOf(name));
    return (
      row && {
        inputHash: row.input_hash,
        operationId: row.operation_id,
        answer: row.answer,
        inFlight: row.in_flight,
      }
    );
  }

  async takeOver(name: KeyName, seconds: number): Promise<boolean> {
    return (await this.database.query(TAKE_OVER, [...valuesOf(name), seconds])).length === 1;
  }

  async keep(name: KeyName, answer: string): Promise<void> {
    await this.database.query(KEEP, [...valuesOf(name), answer]);
  }

  async release(name: KeyName): Promise<void> {
    await this.database.query(RELEASE, valuesOf(name));
  }

  async handOver(name: KeyName): Promise<void> {
    await this.database.query(HAND_OVER, valuesOf(name));
  }
}
