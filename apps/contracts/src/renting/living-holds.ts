import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { requests } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractsPrisma } from '../contract/contracts-prisma.ts';

@Answers(requests.livingHolds)
export class LivingHolds implements Verb<typeof requests.livingHolds> {
  constructor(private readonly prisma: ContractsPrisma) {}

  async run(
    { body }: VerbInput<typeof requests.livingHolds>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof requests.livingHolds>> {
    requireService(caller);
    const rows = await this.prisma.contract.findMany({
      where: { operationId: { in: body.holdIds }, deadlineAtNs: { not: null } },
      select: { operationId: true },
    });
    return { living: rows.map((row) => row.operationId) };
  }
}
