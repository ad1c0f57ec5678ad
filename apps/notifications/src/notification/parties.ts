import type { Addressee } from './notification.store.ts';

interface Parties {
  readonly requesterPublicKey: string;
  readonly requesterAccountId: string;
  readonly providerPublicKey: string;
  readonly providerAccountId?: string | undefined;
}

export const tenantOf = (fact: Parties): Addressee => ({
  accountId: fact.requesterAccountId,
  publicKey: fact.requesterPublicKey,
});

export const providerOf = (fact: Parties): Addressee =>
  fact.providerAccountId
    ? { accountId: fact.providerAccountId, publicKey: fact.providerPublicKey }
    : { publicKey: fact.providerPublicKey };
