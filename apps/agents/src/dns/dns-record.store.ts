import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AgentsSettings } from '../settings.ts';
import { DcGatewayStore, lockProvider } from './dc-gateway.store.ts';
import { repeatAfterSeconds } from './domain/repeat-after.ts';

/** Longer than a write of the zone takes. */
const BUSY_SECONDS = 10;
const AGENT_DELETES_SECONDS = 600;

export interface RecordPlace {
  readonly dcId: string;
  readonly slug: string;
  readonly provider: string;
}

/** A record in hand: no other process writes it until its time is over. */
export interface RecordInHand {
  readonly dcId: string;
  readonly slug: string;
  readonly address: string | null;
  readonly state: 'making' | 'present' | 'removing';
  readonly version: number;
  readonly attempts: number;
}

const inHandRow = rowOf<RecordInHand>()({
  dcId: 'dc_id',
  slug: 'slug',
  address: 'address',
  state: 'state',
  version: 'version',
  attempts: 'attempts',
});
const IN_HAND = inHandRow.selectFrom('dns_record');
const IS_FREE = '(dns_record.busy_until_ns is null or dns_record.busy_until_ns <= $4)';

@Injectable()
export class DnsRecordStore {
  constructor(
    private readonly database: Database,
    private readonly gateways: DcGatewayStore,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  /** Writes down that the name is to have this address. @throws Refusal */
  begin(place: RecordPlace, address: string, now: bigint): Promise<RecordInHand> {
    return this.take(
      place,
      now,
      `insert into dns_record (dc_id, slug, provider_public_key, state, created_at_ns, updated_at_ns, busy_until_ns,
         due_at_ns, address)
       values ($1, $2, $3, 'making', $4, $4, $5, $5, $6)
       on conflict (dc_id, slug) do update set address = excluded.address, version = dns_record.version + 1,
         state = case dns_record.state when 'present' then 'present' else 'making' end, attempts = 0,
         contract_id = null, updated_at_ns = $4, busy_until_ns = $5, due_at_ns = $5
       where ${IS_FREE} returning ${IN_HAND}`,
      [address],
      this.settings.DNS_RECORDS_PER_PROVIDER,
    );
  }

  /** Writes down that the name is to go, also one that is not known here; so there may be more of these. @throws Refusal */
  beginRemoval(place: RecordPlace, now: bigint): Promise<RecordInHand> {
    return this.take(
      place,
      now,
      `insert into dns_record (dc_id, slug, provider_public_key, state, created_at_ns, updated_at_ns, busy_until_ns,
         due_at_ns)
       values ($1, $2, $3, 'removing', $4, $4, $5, $5)
       on conflict (dc_id, slug) do update set version = dns_record.version + 1, state = 'removing', attempts = 0,
         updated_at_ns = $4, busy_until_ns = $5, due_at_ns = $5
       where ${IS_FREE} returning ${IN_HAND}`,
      [],
      2 * this.settings.DNS_RECORDS_PER_PROVIDER,
    );
  }

  /** Its agent says that the contract's machine is found by this name. */
  async belongTo(sql: Sql, { dcId, slug, provider }: RecordPlace, contractId: string): Promise<void> {
    await sql.query(
      `update dns_record set contract_id = $4
       where dc_id = $1 and slug = $2 and provider_public_key = $3 and state = 'present'`,
      [dcId, slug, provider, contractId],
    );
  }

  /** The contract is over: its agent has some time to delete its names itself. */
  async leaveToGo(sql: Sql, contractId: string, now: bigint): Promise<void> {
    await sql.query(
      `update dns_record set state = 'removing', version = version + 1, attempts = 0, due_at_ns = $2,
         updated_at_ns = $3
       where contract_id = $1 and state <> 'removing'`,
      [contractId, now + secondsToNs(AGENT_DELETES_SECONDS), now],
    );
  }

  /** One whose write did not come to an end: what nobody was told of is taken back. */
  async takeDue(now: bigint): Promise<RecordInHand | undefined> {
    const [row] = await inHandRow.query(
      this.database,
      `update dns_record set version = version + 1, attempts = attempts + 1, busy_until_ns = $2, due_at_ns = $2,
         state = case state when 'making' then 'removing' else state end, updated_at_ns = $1
       where (dc_id, slug) = (select dc_id, slug from dns_record
         where due_at_ns <= $1 and (busy_until_ns is null or busy_until_ns <= $1)
         order by due_at_ns limit 1 for update skip locked)
       returning ${IN_HAND}`,
      [now, now + secondsToNs(BUSY_SECONDS)],
    );
    return row;
  }

  /** The zone is as the row says. False when somebody else has it in hand by now. */
  async settle({ dcId, slug, state, version }: RecordInHand, now: bigint): Promise<boolean> {
    const rows =
      state === 'removing'
        ? await this.database.query(
            'delete from dns_record where dc_id = $1 and slug = $2 and version = $3 returning 1',
            [dcId, slug, version],
          )
        : await this.database.query(
            `update dns_record set state = 'present', attempts = 0, busy_until_ns = null, due_at_ns = null,
               updated_at_ns = $4
             where dc_id = $1 and slug = $2 and version = $3 returning 1`,
            [dcId, slug, version, now],
          );
    return rows.length === 1;
  }

  /** The zone may or may not be as the row says: it is looked at again later. */
  async postpone({ dcId, slug, version, attempts }: RecordInHand, now: bigint): Promise<void> {
    await this.database.query(
      `update dns_record set busy_until_ns = null, due_at_ns = $4, updated_at_ns = $5,
         state = case state when 'making' then 'removing' else state end
       where dc_id = $1 and slug = $2 and version = $3`,
      [dcId, slug, version, now + secondsToNs(repeatAfterSeconds(attempts)), now],
    );
  }

  private take(
    { dcId, slug, provider }: RecordPlace,
    now: bigint,
    statement: string,
    more: readonly string[],
    most: number,
  ): Promise<RecordInHand> {
    const values = [dcId, slug, provider, now, now + secondsToNs(BUSY_SECONDS), ...more];
    return this.database.transaction(async (sql) => {
      await lockProvider(sql, provider);
      await this.gateways.assertOwner(sql, dcId, provider);
      const [taken] = await inHandRow.query(sql, statement, values);
      if (!taken) {
        const text = 'This record is being written: try again shortly';
        throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', text);
      }
      await assertNotTooMany(sql, provider, most);
      return taken;
    });
  }
}

async function assertNotTooMany(sql: Sql, provider: string, most: number): Promise<void> {
  const [row] = await sql.query<{ count: number }>(
    'select count(*)::int as count from dns_record where provider_public_key = $1',
    [provider],
  );
  if ((row?.count ?? 0) <= most) return;
  throw new Refusal('CONFLICT', 'DNS_LIMIT', `A provider can have at most ${most} names of machines`);
}
