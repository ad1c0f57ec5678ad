import { Refusal } from '@decent-cloud/kernel';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Offering, OfferingContent } from './domain/offering.ts';
import { storedDetails } from './offering-details.stored.ts';
import {
  OFFERING_COLUMNS,
  type OfferingRow,
  offeringOfRow,
  STOCKED_OFFERING_COLUMNS,
  type StockedOffering,
  type StockedOfferingRow,
  stockedOfferingOfRow,
} from './offering-row.store.ts';

export interface Owner {
  readonly publicKey: string;
  readonly accountId: string | null;
}

/** Columns that a provider sets, in the order of `valuesOf`. */
const CONTENT_COLUMNS = [
  'offering_id',
  'offer_name',
  'description',
  'product_type',
  'visibility',
  'is_draft',
  'publish_at',
  'currency',
  'monthly_price_e9s',
  'setup_fee_e9s',
  'price_per_unit_e9s',
  'overage_price_per_unit_e9s',
  'stock_status',
  'stock_total',
  'datacenter_country',
  'min_contract_hours',
  'max_contract_hours',
  'provisioner_type',
  'agent_pool_id',
  'post_provision_script',
  'details',
] as const;

const valuesOf = (content: OfferingContent): unknown[] => [
  content.offeringId,
  content.offerName,
  content.description,
  content.productType,
  content.visibility,
  content.isDraft,
  content.publishAt,
  content.currency,
  content.monthlyPriceE9s,
  content.setupFeeE9s,
  content.pricePerUnitE9s,
  content.overagePricePerUnitE9s,
  content.stockStatus,
  content.stockTotal,
  content.datacenterCountry,
  content.minContractHours,
  content.maxContractHours,
  content.provisionerType,
  content.agentPoolId,
  content.postProvisionScript,
  storedDetails.write(content.details),
];

const placeholders = (first: number): string[] => CONTENT_COLUMNS.map((_, index) => `$${first + index}`);

const FIND = `select ${STOCKED_OFFERING_COLUMNS} from offering where id = $1 and deleted_at_ns is null`;
const LOCK = `select ${OFFERING_COLUMNS} from offering where id = $1 and deleted_at_ns is null for update`;

@Injectable()
export class OfferingStore {
  constructor(private readonly database: Database) {}

  /** Makes an offering once for each operation. @throws Refusal OFFERING_EXISTS when the slug is taken */
  async insert(operationId: string, owner: Owner, content: OfferingContent, now: bigint): Promise<bigint> {
    try {
      const [made] = await this.database.query<{ id: bigint }>(
        `insert into offering (operation_id, provider_public_key, provider_account_id, offering_source, created_at_ns,
           updated_at_ns, ${CONTENT_COLUMNS})
         values ($1, $2, $3, 'provider', $4, $4, ${placeholders(5)})
         on conflict (operation_id) do nothing returning id`,
        [operationId, owner.publicKey, owner.accountId, now, ...valuesOf(content)],
      );
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
    const assignments = CONTENT_COLUMNS.map((column, index) => `${column} = $${index + 4}`);
    try {
      const rows = await this.database.query(
        `update offering set updated_at_ns = $3, ${assignments}
         where id = $1 and provider_public_key = $2 and deleted_at_ns is null returning 1`,
        [id, providerPublicKey, now, ...valuesOf(content)],
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
    const [row] = await this.database.query<StockedOfferingRow>(FIND, [id]);
    return row && stockedOfferingOfRow(row);
  }

  /** In the caller's transaction; nobody else takes a unit of it until that ends. */
  async lock(sql: Sql, id: bigint): Promise<Offering | undefined> {
    const [row] = await sql.query<OfferingRow>(LOCK, [id]);
    return row && offeringOfRow(row);
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
