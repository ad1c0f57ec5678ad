import { getOffering } from '@decent-cloud/messages/offerings';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { id, type Run, verb } from '../verb.ts';
import { forRent } from './for-rent.ts';

export function addGet(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'get',
    summary: 'show an offering',
    example: 'offering get 13',
    configure: (command) => command.argument('<id>', 'number of the offering', id),
    async run(session, _options, [offeringId = '']) {
      const one = await session.call(getOffering, { params: { id: offeringId } });
      return {
        json: one,
        text: details({
          Id: one.id,
          Name: one.offer_name,
          'Offering id': one.offering_id,
          Description: one.description,
          Provider: one.provider_name ?? one.owner_username,
          'Provider key': one.pubkey,
          'For rent': forRent(one),
          'Provider online':
            one.provider_online === undefined ? undefined : one.provider_online ? 'yes' : 'no',
          Price: `${one.monthly_price.toFixed(2)} ${one.currency} per month`,
          'Setup fee': one.setup_fee > 0 ? `${one.setup_fee.toFixed(2)} ${one.currency}` : undefined,
          Stock: one.stock_available ?? one.stock_status,
          Type: one.product_type,
          Cores: one.processor_cores,
          Memory: one.memory_amount,
          SSD: one.total_ssd_capacity,
          Place: [one.datacenter_city, one.datacenter_country].filter(Boolean).join(', '),
          Hours:
            one.min_contract_hours === undefined && one.max_contract_hours === undefined
              ? undefined
              : `${one.min_contract_hours ?? 1} to ${one.max_contract_hours ?? 'any number'}`,
          Systems: one.operating_systems,
          Pool: one.resolved_pool_name ?? one.agent_pool_id,
        }),
      };
    },
  });
}
