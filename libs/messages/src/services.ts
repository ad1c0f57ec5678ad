/**
 * Every service behind the gateway, in the order in which people read them. Each has a database, a user of the hub, a folder
 * in `apps` and one in `prisma`, all of its name. A new one is a line here, and then `npm run generate`.
 */
export const innerServices = [
  { name: 'accounts', purpose: 'people and their keys' },
  { name: 'offerings', purpose: 'what is for rent' },
  { name: 'contracts', purpose: 'rentals' },
  { name: 'payments', purpose: 'money, held and earned by the second' },
  { name: 'notifications', purpose: 'mails' },
  { name: 'agents', purpose: 'machines at the providers' },
] as const;
export type InnerServiceName = (typeof innerServices)[number]['name'];
export const innerServiceNames: readonly InnerServiceName[] = innerServices.map(({ name }) => name);

/** Every service of the platform. The name is the second word of its subjects. */
export type ServiceName = 'gateway' | InnerServiceName;
export const serviceNames: readonly ServiceName[] = ['gateway', ...innerServiceNames];

/** Where answers to a service arrive: nobody else may listen there. Whoever signs in to the hub has its own. */
export const inboxOf = (user: string): string => `_INBOX.${user}`;
export const INBOXES = '_INBOX.';
