import { sizeMb } from '@decent-cloud/kernel';
import { listDelegations, listPoolAgents } from '@decent-cloud/messages/agents';
import type { Answer } from '@decent-cloud/messages/wire';
import { plain } from '../print.ts';
import type { Session } from '../session.ts';
import type { OfferingRequest } from './description.ts';

type Agent = Pick<Answer<typeof listDelegations>[number], 'active' | 'hostSize'>;
type Sized = Pick<OfferingRequest, 'processor_cores' | 'memory_amount'>;

const MOST = 200;

/** Why none of these agents can ever make such a machine; undefined when one may, or it is not known of one. */
export function whyTooBig(offering: Sized, agents: readonly Agent[]): string | undefined {
  const sizes = agents.filter(({ active }) => active).map(({ hostSize }) => hostSize);
  const known = sizes.filter((size) => size !== undefined);
  if (known.length === 0 || known.length < sizes.length) return undefined;
  const cores = Number(offering.processor_cores ?? 0);
  const memoryMb = sizeMb(offering.memory_amount ?? undefined) ?? 0;
  if (known.some((size) => cores <= size.cpuCores && memoryMb <= size.memoryTotalMb)) return undefined;
  const hosts = [...new Set(known.map((size) => `${size.cpuCores} CPUs and ${size.memoryTotalMb} MiB`))];
  const shown = hosts.slice(0, 5).join('; ') + (hosts.length > 5 ? '; …' : '');
  return `no agent can make this machine, so every rental will fail and be refunded: the hosts have ${shown}`;
}

/** Tells of an offering that is there now and can never be made. What the agents' hosts have is only asked for that. */
export async function warnIfTooBig(
  session: Session,
  offering: Sized & Pick<OfferingRequest, 'agent_pool_id'>,
): Promise<void> {
  try {
    const why = whyTooBig(offering, await agentsFor(session, offering.agent_pool_id));
    if (why !== undefined) session.note(`warning: ${why}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    session.note(`It was not compared with what the agents' hosts have: ${plain(message)}`);
  }
}

/** None when there are more than one answer holds: one of the others may be large enough. */
async function agentsFor(session: Session, poolId: string | null | undefined): Promise<readonly Agent[]> {
  const pubkey = await session.publicKey();
  const query = { limit: MOST };
  const agents = poolId
    ? await session.call(listPoolAgents, { params: { pubkey, pool_id: poolId }, query })
    : await session.call(listDelegations, { params: { pubkey }, query });
  return agents.length < MOST ? agents : [];
}
