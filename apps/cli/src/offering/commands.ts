import { readFileSync } from 'node:fs';
import { parseExactJson } from '@decent-cloud/kernel';
import {
  createOffering,
  getOffering,
  offering as offeringSchema,
  searchOfferings,
} from '@decent-cloud/messages/offerings';
import type { Command } from 'commander';
import type { z } from 'zod';
import { newKey, withContext } from '../context.ts';
import { CliError, EXIT } from '../failure.ts';
import { fields, table } from '../print.ts';

type Offering = z.output<typeof offeringSchema>;

export function offeringTable(offerings: readonly Offering[]): string {
  const rows = offerings.map((one) => [
    one.id,
    one.offer_name,
    `${one.monthly_price} ${one.currency}/month`,
    one.datacenter_country || '-',
    one.processor_cores,
    one.memory_amount,
    one.stock_available,
    one.provider_online === undefined ? '-' : one.provider_online ? 'yes' : 'no',
  ]);
  const head = ['Id', 'Name', 'Price', 'Country', 'CPU', 'Memory', 'In stock', 'Online'];
  return `${table(head, rows)}\nTotal: ${offerings.length} offering(s)`;
}

export function addOfferingList(parent: Command, name: string): void {
  parent
    .command(name)
    .description('list what is for rent')
    .option('--product-type <type>')
    .option('--country <code>', 'two letters')
    .option('--in-stock-only')
    .option('--filter <text>', 'in name, description or type')
    .option('--limit <number>', 'at most 200', '50')
    .addHelpText('after', `\nExample: dc ${parent.name()} ${name} --in-stock-only`)
    .action(
      withContext(async ({ publicApi, print }, options: ListOptions) => {
        const found = await publicApi.call(searchOfferings, {
          query: {
            limit: options.limit,
            in_stock_only: options.inStockOnly === true,
            ...(options.productType !== undefined && { product_type: options.productType }),
            ...(options.country !== undefined && { country: options.country }),
            ...(options.filter !== undefined && { q: options.filter }),
          },
        });
        print.result(found, () => offeringTable(found));
      }),
    );
}
interface ListOptions {
  readonly limit: string;
  readonly inStockOnly?: boolean;
  readonly productType?: string;
  readonly country?: string;
  readonly filter?: string;
}

export function addOfferingCommands(program: Command): void {
  const offering = program.command('offering').description('what is for rent');
  addOfferingList(offering, 'list');

  offering
    .command('get')
    .description('show one offering')
    .argument('<id>')
    .addHelpText('after', '\nExample: dc offering get 1')
    .action(
      withContext(async (context, id: string) => {
        const api = context.options.identity === undefined ? context.publicApi : context.api;
        const one = await api.call(getOffering, { params: { id } });
        context.print.result(one, () => fields(one));
      }),
    );

  offering
    .command('create')
    .description('offer something for rent')
    .option('--file <json>', 'the whole offering as JSON; the options below win')
    .option('--offering-id <slug>')
    .option('--name <text>')
    .option('--monthly-price <amount>')
    .option('--currency <code>', 'USD unless told')
    .option('--country <code>', 'two letters: DE')
    .option('--city <name>')
    .option('--pool <id>', 'whose agents make the machines')
    .option('--stock <units>')
    .option('--cpu <cores>')
    .option('--memory <size>', '"4 GB"')
    .option('--disk <size>', '"40 GB"')
    .option('--visibility <word>', 'public, shared or private')
    .option('--idempotency-key <key>', 'the same key is one offering')
    .addHelpText(
      'after',
      '\nExample: dc offering create --offering-id small --name "Small VPS" --monthly-price 7.2 --country DE --pool berlin-53f2d31f --stock 5',
    )
    .action(
      withContext(async (context, options: CreateOptions) => {
        context.confirmWrite();
        const id = await context.api.call(
          createOffering,
          { params: { pubkey: context.publicKey }, body: offeringBody(options) as never },
          { idempotencyKey: options.idempotencyKey ?? newKey() },
        );
        context.print.result({ id }, () => `Offering ${id}`);
      }),
    );
}

interface CreateOptions {
  readonly file?: string;
  readonly offeringId?: string;
  readonly name?: string;
  readonly monthlyPrice?: string;
  readonly currency?: string;
  readonly country?: string;
  readonly city?: string;
  readonly pool?: string;
  readonly stock?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly disk?: string;
  readonly visibility?: string;
  readonly idempotencyKey?: string;
}

const USUAL = {
  currency: 'USD',
  setup_fee: 0,
  visibility: 'public',
  product_type: 'compute',
  billing_interval: 'monthly',
  billing_unit: 'month',
  stock_status: 'in_stock',
  unmetered_bandwidth: false,
  datacenter_country: '',
  datacenter_city: '',
};

/** The request's body: what is usual, then the file, then the options. The platform checks it. */
export function offeringBody(options: CreateOptions): Record<string, unknown> {
  const fromFile = options.file === undefined ? {} : readJson(options.file);
  const given: Record<string, unknown> = {
    offering_id: options.offeringId,
    offer_name: options.name,
    monthly_price: numberOf('--monthly-price', options.monthlyPrice),
    currency: options.currency,
    datacenter_country: options.country,
    datacenter_city: options.city,
    agent_pool_id: options.pool,
    stock_total: numberOf('--stock', options.stock),
    processor_cores: numberOf('--cpu', options.cpu),
    memory_amount: options.memory,
    total_ssd_capacity: options.disk,
    visibility: options.visibility,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...USUAL, ...fromFile, ...set };
}

function readJson(file: string): Record<string, unknown> {
  try {
    return parseExactJson(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new CliError(EXIT.usage, `${file} cannot be read as JSON: ${(cause as Error).message}`);
  }
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new CliError(EXIT.usage, `${option} is "${text}": give a number`);
  return number;
}
