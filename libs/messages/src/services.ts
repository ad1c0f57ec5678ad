/** Every service of the platform. The name is the second word of its subjects. */
export const serviceNames = [
  'gateway',
  'accounts',
  'offerings',
  'contracts',
  'payments',
  'notifications',
  'agents',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Where answers to a service arrive: nobody else may listen there. Whoever signs in to the hub has its own. */
export const inboxOf = (user: string): string => `_INBOX.${user}`;
export const INBOXES = '_INBOX.';
