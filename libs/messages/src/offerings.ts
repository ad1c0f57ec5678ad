/** What providers offer, and what is found of it. */
export * from './offerings/endpoints/market.ts';
export * from './offerings/endpoints/own-offerings.ts';
export * from './offerings/offering.ts';
export * from './offerings/offering-request.ts';
