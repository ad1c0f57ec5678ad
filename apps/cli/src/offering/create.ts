import { createOffering } from '@decent-cloud/messages/offerings';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import type { Session } from '../session.ts';
import { type Run, verb } from '../verb.ts';
import { type Description, describedBy, describing, type OfferingRequest } from './description.ts';
import { warnIfTooBig } from './too-big.ts';

/** What most offerings have in common. */
const USUAL: Partial<OfferingRequest> = {
  currency: 'USD',
  setup_fee: 0,
  visibility: 'public',
  product_type: 'compute',
  billing_interval: 'monthly',
  billing_unit: 'month',
  is_subscription: false,
  stock_status: 'in_stock',
  unmetered_bandwidth: false,
  datacenter_country: '',
  datacenter_city: '',
  is_draft: false,
};

export function addCreate(parent: Command, run: Run): void {
  verb<Description>(parent, run, {
    name: 'create',
    summary: 'offer something for rent',
    example:
      'offering create --identity acme --offering-id small --title "Small VPS" --monthly-price 7.20 --country DE --city Berlin --stock 5',
    writes: true,
    configure: describing,
    async run(session, options) {
      const body = await bodyOf(session, options);
      const id = await session.call(createOffering, { params: { pubkey: await session.publicKey() }, body });
      await warnIfTooBig(session, body);
      return { json: { id, offeringId: body.offering_id }, text: details({ 'Offering id': id }) };
    },
  });
}

async function bodyOf(session: Session, options: Description): Promise<OfferingRequest> {
  const body = { ...USUAL, ...(await describedBy(session, options)) } as OfferingRequest;
  const missing = [
    body.offering_id === undefined && '--offering-id',
    body.offer_name === undefined && '--title',
    body.monthly_price === undefined && '--monthly-price',
  ].filter(Boolean);
  if (missing.length === 0) return body;
  throw new CliError(EXIT.usage, 'OPTION_MISSING', `Give ${missing.join(', ')}, or a file with --from`);
}
