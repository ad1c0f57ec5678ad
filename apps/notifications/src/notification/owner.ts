import type { Caller } from '@decent-cloud/messages';
import { requireUser } from '@decent-cloud/runtime';
import type { Owner } from './notification.store.ts';

/** The gateway has checked that the key of the path is the caller's own, or another of the same account. */
export function ownerOf(params: { readonly pubkey: string }, caller: Caller): Owner {
  const { accountId } = requireUser(caller);
  return { publicKey: params.pubkey, accountId };
}
