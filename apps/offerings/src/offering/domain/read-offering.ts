import { Refusal, regionOfCountry } from '@decent-cloud/kernel';
import { knownWord } from '@decent-cloud/messages/wire';
import { STOCK_STATUSES } from '@decent-cloud/messages/words';
import { readCurrency } from './currencies.ts';
import { DETAIL_FIELDS, type OfferingBody, type OfferingContent, type OfferingDetails } from './offering.ts';
import { readPriceE9s } from './price.ts';
import { assertRecipe } from './recipe.ts';

const TEMPLATE_NUMBER = /^\d{1,10}$/;

const invalid = (text: string): Refusal => new Refusal('INVALID', 'INVALID_INPUT', text);

/** Checks what a provider sent and brings it into the form in which it is kept. @throws Refusal naming what is wrong */
export function readOffering(body: OfferingBody): OfferingContent {
  const currency = readCurrency(body.currency);
  // In front of a byte order mark no kernel finds the interpreter.
  const script = body.post_provision_script?.replace(/^\uFEFF+/, '');
  if (script !== undefined) assertRecipe(script);
  if (body.offering_id.trim() === '') throw invalid('offering_id is required');
  if (body.offer_name.trim() === '') throw invalid('offer_name is required');
  const country = body.datacenter_country;
  if (country !== '' && regionOfCountry(country) === undefined) {
    throw invalid(
      `Invalid datacenter_country '${country}': must be an ISO 3166 code of two letters or empty`,
    );
  }
  const stockStatus = knownWord(STOCK_STATUSES, body.stock_status.trim().toLowerCase());
  if (!stockStatus) {
    throw invalid(`Invalid stock_status '${body.stock_status}': must be ${STOCK_STATUSES.join(', ')}`);
  }
  const { min_contract_hours: minHours, max_contract_hours: maxHours } = body;
  if (minHours !== undefined && maxHours !== undefined && minHours > maxHours) {
    throw invalid(`min_contract_hours (${minHours}) must not exceed max_contract_hours (${maxHours})`);
  }
  return {
    offeringId: body.offering_id,
    offerName: body.offer_name,
    description: body.description ?? null,
    productType: body.product_type,
    visibility: body.visibility.trim().toLowerCase(),
    isDraft: body.is_draft ?? false,
    publishAt: body.publish_at === undefined ? null : new Date(body.publish_at),
    currency,
    monthlyPriceE9s: readPriceE9s('monthly_price', body.monthly_price),
    setupFeeE9s: readPriceE9s('setup_fee', body.setup_fee),
    pricePerUnitE9s: optionalPriceE9s('price_per_unit', body.price_per_unit),
    overagePricePerUnitE9s: optionalPriceE9s('overage_price_per_unit', body.overage_price_per_unit),
    stockStatus,
    stockTotal: body.stock_total ?? null,
    datacenterCountry: country,
    minContractHours: minHours ?? null,
    maxContractHours: maxHours ?? null,
    provisionerType: body.provisioner_type ?? null,
    agentPoolId: body.agent_pool_id ?? null,
    postProvisionScript: script ?? null,
    details: detailsOf(body),
  };
}

const optionalPriceE9s = (field: string, price: number | undefined): bigint | null =>
  price === undefined ? null : readPriceE9s(field, price);

function detailsOf(body: OfferingBody): OfferingDetails {
  const kept: Record<string, unknown> = { is_subscription: false };
  for (const field of DETAIL_FIELDS) {
    const value = body[field];
    // Half of a surrogate pair is no text, and Postgres refuses it inside JSON.
    if (value !== undefined) kept[field] = typeof value === 'string' ? value.toWellFormed() : value;
  }
  const template = body.template_name;
  if (template !== undefined && body.provisioner_config === undefined && isTemplateNumber(template)) {
    kept.provisioner_config = JSON.stringify({ template_vmid: Number(template) });
  }
  return kept as unknown as OfferingDetails;
}

const isTemplateNumber = (text: string): boolean =>
  TEMPLATE_NUMBER.test(text) && Number(text) <= 4_294_967_295;
