import { offeringRequest } from '@decent-cloud/messages/offerings';
import { readOffering } from './read-offering.ts';

const BODY = {
  offering_id: 'small-vps',
  offer_name: 'Small VPS',
  currency: 'usd',
  monthly_price: 8.2,
  setup_fee: 0,
  visibility: 'Public',
  product_type: 'compute',
  billing_interval: 'monthly',
  billing_unit: 'month',
  stock_status: 'in_stock',
  unmetered_bandwidth: false,
  datacenter_country: 'DE',
  datacenter_city: 'Berlin',
};
const read = (changes: Record<string, unknown> = {}) =>
  readOffering(offeringRequest.parse({ ...BODY, ...changes }));

describe('what a provider sends', () => {
  it('is kept with currency and visibility in one spelling and prices exact', () => {
    expect(read()).toMatchObject({
      currency: 'USD',
      visibility: 'public',
      monthlyPriceE9s: 8_200_000_000n,
      setupFeeE9s: 0n,
      pricePerUnitE9s: null,
      stockTotal: null,
      isDraft: false,
      details: { billing_interval: 'monthly', datacenter_city: 'Berlin', is_subscription: false },
    });
  });

  it('turns a template number into configuration when there is none', () => {
    expect(read({ template_name: '9000' }).details.provisioner_config).toBe('{"template_vmid":9000}');
    expect(read({ template_name: '9000', provisioner_config: '{}' }).details.provisioner_config).toBe('{}');
    expect(read({ template_name: 'debian-12' }).details.provisioner_config).toBeUndefined();
    expect(read({ template_name: '4294967296' }).details.provisioner_config).toBeUndefined();
  });

  it('mends broken text that could not be kept', () => {
    expect(read({ features: 'a\ud800b' }).details.features).toBe('a\ufffdb');
  });

  it.each([
    ['currency', { currency: '???' }, "Currency '???' is not supported."],
    ['currency', { currency: '' }, "Currency '' is not supported."],
    ['slug', { offering_id: '  ' }, 'offering_id is required'],
    ['name', { offer_name: '' }, 'offer_name is required'],
    ['country', { datacenter_country: 'ZZ' }, "Invalid datacenter_country 'ZZ': "],
    ['stock status', { stock_status: 'plenty' }, "Invalid stock_status 'plenty'"],
    ['duration', { min_contract_hours: 10, max_contract_hours: 9 }, 'must not exceed'],
    ['price', { monthly_price: 0.12345678901 }, "Invalid monthly_price '0.12345678901'"],
    ['unit price', { price_per_unit: 2e9 }, 'Invalid price_per_unit'],
    ['recipe', { post_provision_script: ' ' }, 'Recipe validation failed: Script is empty'],
    ['recipe', { post_provision_script: '#!/bin/sh\nrm -rf /\n' }, "Dangerous pattern detected: 'rm -rf /'"],
    ['recipe', { post_provision_script: 'cat x > /dev/sda' }, "Dangerous pattern detected: '> /dev/sda'"],
  ])('is refused for a bad %s', (_what, changes, text) => {
    expect(() => read(changes)).toThrow(text);
  });

  it('loses the byte order mark that an editor put in front of the script', () => {
    expect(read({ post_provision_script: '\uFEFF#!/bin/sh\necho\n' }).postProvisionScript).toBe(
      '#!/bin/sh\necho\n',
    );
    expect(() => read({ post_provision_script: '\uFEFF' })).toThrow('Script is empty');
  });

  it('may clean up below the root', () => {
    expect(() => read({ post_provision_script: '#!/bin/sh\nrm -rf /var/lib/apt/lists\n' })).not.toThrow();
  });
});
