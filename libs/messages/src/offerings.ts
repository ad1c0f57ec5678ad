/** What providers offer, and what is found of it. */
export * from './offerings/market.ts';
export * from './offerings/offering.ts';
export * from './offerings/offering-request.ts';
export * from './offerings/own-offerings.ts';
