import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { factMessage, outboxColumns, outboxInsert } from '@decent-cloud/outbox';
import { contractRow } from './contract.rows.ts';
import type { Writing } from './contract-changes.ts';
import type { Advanced } from './domain/advance.ts';
import { isFinal } from './domain/status.ts';

/** Sealed credentials are kept so long. */
export const CREDENTIALS_VALID_NS = 7n * 24n * NS_PER_HOUR;

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

class Parameters {
  readonly values: unknown[] = [];
  /** Number of the next one. */
  get next(): number {
    return this.values.length + 1;
  }
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/**
 * One statement that writes all of it: the contract, its history, its events, its credentials and what is published about it.
 * Gives `written`: 1, or 0 and nothing is written, when the contract is no longer the row that was read.
 */
export function writingOf({ advanced, readAs, nowNs, operationId }: Writing): Statement {
  const { before, contract, history, events, credentials } = advanced;
  const parameters = new Parameters();
  const id = `${parameters.add(contract.contractId)}::text`;
  const at = `${parameters.add(nowNs)}::bigint`;
  const parts = [
    `written as (${before ? updateOf(advanced, id, readAs, parameters) : insertOf(advanced, parameters)})`,
  ];
  if (history.length > 0) {
    const columns = [
      `${parameters.add(history.map((entry) => entry.version))}::integer[]`,
      `${parameters.add(history.map((entry) => entry.oldStatus))}::text[]`,
      `${parameters.add(history.map((entry) => entry.newStatus))}::text[]`,
      `${parameters.add(history.map((entry) => entry.changedBy))}::text[]`,
      `${parameters.add(history.map((entry) => entry.memo))}::text[]`,
      `${parameters.add(history.map((_, index) => (index === 0 ? (operationId ?? null) : null)))}::uuid[]`,
    ];
    parts.push(`history as (
      insert into contract_status_history
        (contract_id, changed_at_ns, version, old_status, new_status, changed_by, change_memo, operation_id)
      select ${id}, ${at}, e.* from unnest(${columns.join(', ')}) as e, written)`);
  }
  if (events.length > 0) {
    const columns = [
      `${parameters.add(events.map((entry) => entry.eventType))}::text[]`,
      `${parameters.add(events.map((entry) => entry.oldStatus))}::text[]`,
      `${parameters.add(events.map((entry) => entry.newStatus))}::text[]`,
      `${parameters.add(events.map((entry) => entry.actor))}::text[]`,
      `${parameters.add(events.map((entry) => entry.details))}::text[]`,
    ];
    parts.push(`events as (
      insert into contract_event (contract_id, created_at_ns, event_type, old_status, new_status, actor, details)
      select ${id}, ${at}, e.* from unnest(${columns.join(', ')}) as e, written)`);
  }
  if (credentials.length > 0) {
    const recipients = `${parameters.add(credentials.map((sealed) => sealed.recipientPublicKey.toLowerCase()))}::text[]`;
    const columns = [recipients, `${parameters.add(credentials.map((sealed) => sealed.envelope))}::text[]`];
    parts.push(`credentials as (
      insert into contract_credential (contract_id, created_at_ns, expires_at_ns, recipient_public_key, envelope)
      select distinct on (e.recipient) ${id}, ${at}, ${parameters.add(nowNs + CREDENTIALS_VALID_NS)}::bigint, e.*
      from unnest(${columns.join(', ')}) as e (recipient, envelope), written
      on conflict (contract_id, recipient_public_key) do update
      set envelope = excluded.envelope, created_at_ns = excluded.created_at_ns, expires_at_ns = excluded.expires_at_ns)`);
    // Older ones of keys that these are not sealed for no longer open anything.
    parts.push(`replaced as (
      delete from contract_credential where contract_id = ${id} and recipient_public_key <> all(${recipients}))`);
  }
  // Nobody needs the way into a machine that is being removed.
  if (isFinal(contract.status) && before?.instanceDetails != null) {
    parts.push(`erased as (delete from contract_credential using written where contract_id = ${id})`);
  }
  const outgoing = advanced.facts.map(({ declaration, payload }) =>
    factMessage(declaration, payload as never),
  );
  if (outgoing.length > 0) {
    const columns = outboxColumns(outgoing, nowNs).map((values) => parameters.add(values));
    parts.push(`published as (${outboxInsert(columns, ', written')})`);
  }
  return {
    text: `with ${parts.join(', ')} select count(*) as written, ${at} as at from written`,
    values: parameters.values,
  };
}

function insertOf({ contract }: Advanced, parameters: Parameters): string {
  const places = contractRow.places(parameters.next);
  parameters.values.push(...contractRow.values(contract));
  return `insert into contract (${contractRow.names}) values (${places}) returning 1`;
}

function updateOf(
  { before, contract }: Advanced,
  id: string,
  readAs: string | undefined,
  parameters: Parameters,
): string {
  if (!before || readAs === undefined) throw new Error('nothing to update');
  const { sets, values } = contractRow.difference(before, contract, parameters.next);
  parameters.values.push(...values);
  return `update contract set ${sets.join(', ') || 'version = version'}
    where contract_id = ${id} and xmin = ${parameters.add(readAs)}::xid returning 1`;
}
