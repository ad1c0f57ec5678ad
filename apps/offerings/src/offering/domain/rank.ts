import { Refusal } from '@decent-cloud/kernel';
import type { Offering } from './offering.ts';

/** What decides where an offering stands in a list, ascending; as it was when it was looked at. */
export interface Rank {
  readonly reliabilityOrder: number;
  readonly trustOrder: number;
  readonly monthlyPriceE9s: bigint;
  readonly id: bigint;
}

const CURSOR = /^(-?\d{1,15}(?:\.\d{1,20})?(?:e-\d{1,3})?)_(-?\d{1,9})_(\d{1,19})_(\d{1,19})$/;
const INT64_MAX = 2n ** 63n - 1n;

/** As the database generates it: the best first, those without a score last. */
export const rankOf = (offering: Offering): Rank => ({
  reliabilityOrder: -(offering.reliabilityScore ?? -1),
  trustOrder: -(offering.trustScore ?? -1),
  monthlyPriceE9s: offering.monthlyPriceE9s,
  id: offering.id,
});

/**
 * The text that continues a list after an offering. It holds the rank itself, so that neither a change of the offering nor
 * its end moves the page, and nothing needs to be looked up that a caller may not see.
 */
export const cursorOf = (offering: Offering): string => Object.values(rankOf(offering)).join('_');

/** @throws Refusal INVALID for what `cursorOf` has not made */
export function readCursor(cursor: string | undefined): Rank | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const [, reliability = '', trust = '', price = '', id = ''] = CURSOR.exec(cursor) ?? [];
  const rank = {
    reliabilityOrder: Number(reliability),
    trustOrder: Number(trust),
    monthlyPriceE9s: BigInt(price),
    id: BigInt(id),
  };
  if (id !== '' && rank.monthlyPriceE9s <= INT64_MAX && rank.id <= INT64_MAX) return rank;
  throw new Refusal(
    'INVALID',
    'INVALID_INPUT',
    'cursor: must be the member `cursor` of the last offering that you have',
  );
}
