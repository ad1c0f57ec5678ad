/** Pages of the platform that mails and answers lead to: the gateway serves each of them. */
export const PAGES = {
  rentals: '/dashboard/rentals',
  wallet: '/dashboard/wallet',
  marketplace: '/dashboard/marketplace',
  requests: '/dashboard/provider/requests',
  agents: '/dashboard/provider/agents',
} as const;
export type Page = keyof typeof PAGES;

/** Of one rental. */
export const rentalPage = (contractId: string): string => `${PAGES.rentals}?contract=${contractId}`;
