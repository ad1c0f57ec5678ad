import { Refusal } from '@decent-cloud/kernel';
import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { listContractEvents } from '@decent-cloud/messages/contracts';
import type { Actor, ContractEventType, ContractStatus } from '@decent-cloud/messages/words';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { ContractsPrisma } from '../contract/contracts-prisma.ts';
import { assertEitherParty } from '../contract/parties.ts';

@Answers(listContractEvents)
export class ListContractEvents implements Verb<typeof listContractEvents> {
  constructor(
    private readonly store: ContractStore,
    private readonly prisma: ContractsPrisma,
  ) {}

  async run(
    { params, query }: VerbInput<typeof listContractEvents>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof listContractEvents>> {
    const user = requireUser(caller);
    const after = afterOf(query.cursor);
    assertEitherParty(user, await this.store.find(params.id));
    const events = await this.prisma.contractEvent.findMany({
      where: { contractId: params.id, id: { gt: after } },
      orderBy: { id: 'asc' },
      skip: query.offset,
      take: query.limit,
    });
    return events.map((event) => ({
      id: event.id,
      contractId: event.contractId,
      eventType: event.eventType as ContractEventType,
      oldStatus: (event.oldStatus ?? undefined) as ContractStatus | undefined,
      newStatus: (event.newStatus ?? undefined) as ContractStatus | undefined,
      actor: event.actor as Actor,
      details: event.details ?? undefined,
      createdAt: event.createdAtNs,
    }));
  }
}

function afterOf(cursor: string | undefined): bigint {
  if (cursor === undefined || cursor === '') return 0n;
  if (!/^\d{1,18}$/.test(cursor)) {
    throw new Refusal('INVALID', 'INVALID_INPUT', 'cursor: must be the id of an event');
  }
  return BigInt(cursor);
}
