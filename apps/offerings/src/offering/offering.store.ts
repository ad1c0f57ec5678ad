import { Refusal } from '@decent-cloud/kernel';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Offering, OfferingContent } from './domain/offering.ts';
import { contentRow, offeringRow, type StockedOffering, stockedOfferingRow } from './offering-row.store.ts';

export interface Owner {
  readonly publicKey: string;
  readonly accountId: string | null;
}

const INSERT = `insert into offering (operation_id, provider_public_key, provider_account_id, offering_source,
    created_at_ns, updated_at_ns, ${contentRow.names})
  values ($1, $2, $3, 'provider', $4, $4, ${contentRow.places(5)})
  on conflict (operation_id) do nothing returning id`;
const FIND = `select ${stockedOfferingRow.select} from offering where id = $1 and deleted_at_ns is null`;
const LOCK = `select ${offeringRow.select} from offering where id = $1 and deleted_at_ns is null for update`;

@Injectable()
export class OfferingStore {
  constructor(private readonly database: Database) {}

  /** Makes an offering once for each operation. @throws Refusal OFFERING_EXISTS when the slug is taken */
  async insert(operationId: string, owner: Owner, content: OfferingContent, now: bigint): Promise<bigint> {
    try {
      const [made] = await this.database.query<{ id: bigint }>(INSERT, [
        operationId,
        owner.publicKey,
        owner.accountId,
        now,
        ...contentRow.values(content),
      ]);
      if (made) return made.id;
    } catch (error) {
      if (!isUniqueViolation(error, 'offering_slug')) throw error;
    }
    const [known] = await this.database.query<{ id: bigint }>(
      'select id from offering where operation_id = $1',
      [operationId],
    );
    if (known) return known.id;
    throw slugTaken(content.offeringId);
  }

  /** Replaces what the provider sets. False: there is no such offering of theirs (any more). */
  async replace(
    id: bigint,
    providerPublicKey: string,
    content: OfferingContent,
    now: bigint,
  ): Promise<boolean> {
    const { sets, values } = contentRow.changed(content, 4);
    try {
      const rows = await this.database.query(
        `update offering set ${['updated_at_ns = $3', ...sets].join(', ')}
         where id = $1 and provider_public_key = $2 and deleted_at_ns is null returning 1`,
        [id, providerPublicKey, now, ...values],
      );
      return rows.length === 1;
    } catch (error) {
      if (isUniqueViolation(error, 'offering_slug')) throw slugTaken(content.offeringId);
      throw error;
    }
  }

  /** Takes it off the market for good. False: it was gone before. */
  async remove(id: bigint, now: bigint): Promise<boolean> {
    const rows = await this.database.query(
      'update offering set deleted_at_ns = $2 where id = $1 and deleted_at_ns is null returning 1',
      [id, now],
    );
    return rows.length === 1;
  }

  async find(id: bigint): Promise<StockedOffering | undefined> {
    const [row] = await stockedOfferingRow.query(this.database, FIND, [id]);
    return row;
  }

  /** In the caller's transaction; nobody else takes a unit of it until that ends. */
  async lock(sql: Sql, id: bigint): Promise<Offering | undefined> {
    const [row] = await offeringRow.query(sql, LOCK, [id]);
    return row;
  }

  /** Turns drafts whose time has come into offerings. */
  async publishScheduled(now: bigint): Promise<number> {
    const rows = await this.database.query(
      `update offering set is_draft = false, publish_at = null, updated_at_ns = $1
       where is_draft and deleted_at_ns is null and publish_at <= to_timestamp($1::numeric / 1000000000) returning 1`,
      [now],
    );
    return rows.length;
  }
}

const slugTaken = (slug: string): Refusal =>
  new Refusal('CONFLICT', 'OFFERING_EXISTS', `Offering with ID '${slug}' already exists for this provider`);
