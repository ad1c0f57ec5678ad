import { Refusal } from '@decent-cloud/kernel';
import type { Caller } from '@decent-cloud/messages';
import { isParty, requireUser } from '@decent-cloud/runtime';
import { contractNotFound } from '../assignment/assignment-changes.ts';
import type { ContractParties } from './health.store.ts';

/** @throws Refusal for everybody but tenant and provider */
export function assertParty(caller: Caller, parties: ContractParties | undefined): void {
  const user = requireUser(caller);
  if (!parties) throw contractNotFound();
  const { tenantPublicKey, tenantAccountId, providerPublicKey, providerAccountId } = parties;
  const isOne = [
    [tenantPublicKey, tenantAccountId],
    [providerPublicKey, providerAccountId],
  ].some(([publicKey, accountId]) => publicKey != null && isParty(user, publicKey, accountId));
  if (isOne) return;
  const text = 'Unauthorized: only tenant and provider may see this contract';
  throw new Refusal('FORBIDDEN', 'OWN_CONTRACT', text);
}
