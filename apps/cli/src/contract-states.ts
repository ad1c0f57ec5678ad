import { knownWord } from '@decent-cloud/messages/wire';
import {
  CONTRACT_ENDS,
  CONTRACT_STATUSES,
  type ContractEnd,
  type ContractStatus,
} from '@decent-cloud/messages/words';

/** The way of a rental that goes well, in its order. */
const WAY = [
  'requested',
  'pending',
  'accepted',
  'provisioning',
  'provisioned',
  'active',
] as const satisfies readonly ContractStatus[];
type Stage = (typeof WAY)[number];

/** How far along the way a rental is; a paused one has had its machine. */
const STAGES: Readonly<Record<Exclude<ContractStatus, ContractEnd>, Stage>> = {
  requested: 'requested',
  pending: 'pending',
  accepted: 'accepted',
  provisioning: 'provisioning',
  provisioned: 'provisioned',
  active: 'active',
  paused: 'provisioned',
};

/** Nothing comes after it: what is waited for will not be. */
export const isOver = (status: string): status is ContractEnd =>
  knownWord(CONTRACT_ENDS, status) !== undefined;

export type Verdict = 'reached' | 'unreachable' | 'on its way';

/** What a status, perhaps one of a newer platform, means to somebody who waits for a state. */
export function judge(text: string, wanted: ContractStatus): Verdict {
  if (text === wanted) return 'reached';
  if (isOver(text)) return 'unreachable';
  const status = knownWord(CONTRACT_STATUSES, text);
  const way: readonly ContractStatus[] = WAY;
  if (status === undefined || isOver(status) || !way.includes(wanted)) return 'on its way';
  return way.indexOf(STAGES[status]) >= way.indexOf(wanted) ? 'reached' : 'on its way';
}
