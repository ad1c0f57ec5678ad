import type { Reason } from '@decent-cloud/kernel';

/** What a provider says of an offering's stock. */
export const STOCK_STATUSES = ['in_stock', 'out_of_stock', 'discontinued'] as const;
export type StockStatus = (typeof STOCK_STATUSES)[number];

/** Why an offering cannot be rented now. */
export const NOT_FOR_RENT = ['OUT_OF_STOCK', 'PROVIDER_OFFLINE'] as const satisfies readonly Reason[];
export type NotForRent = (typeof NOT_FOR_RENT)[number];
