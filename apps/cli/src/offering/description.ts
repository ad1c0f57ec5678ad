import { readFile } from 'node:fs/promises';
import { parseExactJson } from '@decent-cloud/kernel';
import type { offeringRequest } from '@decent-cloud/messages/offerings';
import type { Input } from '@decent-cloud/messages/wire';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import { decimal, whole } from '../verb.ts';

export type OfferingRequest = Input<typeof offeringRequest>;

/** How an offering is described on the command line. */
export interface Description {
  readonly from?: string;
  readonly offeringId?: string;
  readonly title?: string;
  readonly description?: string;
  readonly monthlyPrice?: number;
  readonly currency?: string;
  readonly productType?: string;
  readonly country?: string;
  readonly city?: string;
  readonly stock?: number;
  readonly cores?: number;
  readonly memory?: string;
  readonly ssd?: string;
  readonly poolId?: string;
  readonly visibility?: string;
  readonly operatingSystems?: string;
}

export const describing = (command: Command): Command =>
  command
    .option('--from <file>', 'JSON with the members of the API, - for standard input; options below win')
    .option('--offering-id <word>', 'own short name of it')
    .option('--title <text>', 'name that tenants see')
    .option('--description <text>')
    .option('--monthly-price <price>', 'for 720 hours', decimal)
    .option('--currency <code>', 'by default USD')
    .option('--product-type <type>', 'by default compute')
    .option('--country <code>', 'two letters')
    .option('--city <name>')
    .option('--stock <count>', 'how many can be rented at once', whole(0, 1_000_000))
    .option('--cores <count>', 'processor cores', whole(1, 100_000))
    .option('--memory <size>', 'such as "4 GB"')
    .option('--ssd <size>', 'such as "40 GB"')
    .option('--pool-id <id>', 'pool whose agents make the machines')
    .option('--visibility <who>', 'public, private or shared; by default public')
    .option('--operating-systems <list>', 'such as "Debian 12, Ubuntu 24.04"');

/** What was given of an offering: from a file, and by options, which win. */
export async function describedBy(session: Session, options: Description): Promise<Partial<OfferingRequest>> {
  const chosen: Partial<OfferingRequest> = {
    offering_id: options.offeringId,
    offer_name: options.title,
    description: options.description,
    monthly_price: options.monthlyPrice,
    currency: options.currency,
    product_type: options.productType,
    datacenter_country: options.country,
    datacenter_city: options.city,
    stock_total: options.stock,
    processor_cores: options.cores,
    memory_amount: options.memory,
    total_ssd_capacity: options.ssd,
    agent_pool_id: options.poolId,
    visibility: options.visibility,
    operating_systems: options.operatingSystems,
  } as Partial<OfferingRequest>;
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  return { ...(await contentOf(session, options.from)), ...given };
}

async function contentOf(session: Session, from: string | undefined): Promise<Partial<OfferingRequest>> {
  if (from === undefined) return {};
  try {
    const text = from === '-' ? await session.outside.stdin() : await readFile(from, 'utf8');
    const value = parseExactJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new CliError(EXIT.usage, 'FILE_UNREADABLE', `${from} is no readable JSON`, undefined, { cause });
  }
  throw new CliError(EXIT.usage, 'FILE_UNREADABLE', `${from} does not hold one JSON object`);
}
