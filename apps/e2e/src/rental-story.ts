import type { CrashStage, Customer } from './crash-stage.ts';

/** All that was written down anywhere about one rental, without times and amounts. */
export interface RentalStory {
  readonly status: string;
  readonly payment: string;
  readonly moves: readonly string[];
  readonly events: readonly string[];
  /** Movements of money, by purpose. */
  readonly transfers: readonly string[];
  readonly holds: number;
  /** Machines that were ever ordered, and those that are not confirmed gone. */
  readonly machines: number;
  readonly machinesLeft: number;
  readonly toldTenant: readonly string[];
  readonly toldProvider: readonly string[];
}

export async function storyOf(stage: CrashStage, customer: Customer, id: string): Promise<RentalStory> {
  const texts = async (
    database: Parameters<CrashStage['query']>[0],
    text: string,
    values: unknown[] = [id],
  ) => (await stage.query<{ text: string }>(database, text, values)).map((row) => row.text);
  const contract = await stage.contract(id);
  const [holds] = await stage.query<{ operationId: string }>(
    'contracts',
    'select operation_id::text as "operationId" from contract where contract_id = $1',
    [id],
  );
  const machines = await texts('agents', 'select state as text from machine where contract_id = $1');
  const told = 'select title as text from notification where contract_id = $1';
  return {
    status: contract?.status ?? 'unknown',
    payment: contract?.paymentStatus ?? 'unknown',
    moves: await texts(
      'contracts',
      `select coalesce(old_status, '') || '>' || new_status as text from contract_status_history
       where contract_id = $1 order by version`,
    ),
    events: (
      await texts('contracts', 'select event_type as text from contract_event where contract_id = $1')
    ).sort(),
    transfers: await texts(
      'payments',
      'select purpose as text from ledger_transfer where reference = $1 order by id',
    ),
    holds: (
      await texts('offerings', 'select hold_id::text as text from stock_hold where hold_id = $1::uuid', [
        holds?.operationId ?? null,
      ])
    ).length,
    machines: machines.length,
    machinesLeft: machines.filter((state) => state !== 'gone').length,
    toldTenant: (
      await texts('notifications', `${told} and account_id = $2`, [id, customer.accountId])
    ).sort(),
    toldProvider: (
      await texts('notifications', `${told} and account_id is distinct from $2`, [id, customer.accountId])
    ).sort(),
  };
}

/**
 * The failure of a machine may overtake the word that it was begun, as facts come in any order: then the state between
 * was never there. The story as it is in both cases.
 */
export function withoutOvertaken(story: RentalStory): RentalStory {
  if (!story.moves.includes('provisioning>provisioningfailed')) return story;
  const between = story.events.indexOf('status_change');
  return {
    ...story,
    moves: story.moves
      .filter((move) => move !== 'accepted>provisioning')
      .map((move) => (move === 'provisioning>provisioningfailed' ? 'accepted>provisioningfailed' : move)),
    events: story.events.filter((_, index) => index !== between),
    toldTenant: story.toldTenant.filter((title) => title !== 'Provisioning Started'),
  };
}

/** What both sides have learned since the rental was over: the newest title for each. */
export async function toldOfTheEnd(
  stage: CrashStage,
  customer: Customer,
  id: string,
): Promise<{ tenant?: string; provider?: string }> {
  const [end] = await stage.query<{ atNs: bigint }>(
    'contracts',
    'select status_updated_at_ns as "atNs" from contract where contract_id = $1',
    [id],
  );
  const rows = await stage.query<{ who: 'tenant' | 'provider'; title: string }>(
    'notifications',
    `select case when account_id = $2 then 'tenant' else 'provider' end as who, title from notification
     where contract_id = $1 and created_at_ns >= $3 order by id`,
    [id, customer.accountId, end?.atNs],
  );
  return Object.fromEntries(rows.map(({ who, title }) => [who, title]));
}
