import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { requests } from '@decent-cloud/messages';
import type { ContractStatus } from '@decent-cloud/messages/words';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractsPrisma } from '../contract/contracts-prisma.ts';
import { storedMachineDetails } from '../contract/machine-details.stored.ts';

const shown = (kept: string): string => JSON.stringify(storedMachineDetails.readText(kept));

@Answers(requests.contractStates)
export class ContractStates implements Verb<typeof requests.contractStates> {
  constructor(private readonly prisma: ContractsPrisma) {}

  async run(
    { body }: VerbInput<typeof requests.contractStates>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof requests.contractStates>> {
    requireService(caller);
    const rows = await this.prisma.contract.findMany({
      where: { contractId: { in: body.contractIds } },
      select: { contractId: true, status: true, endsAtNs: true, instanceDetails: true },
    });
    return {
      states: rows.map((row) => ({
        contractId: row.contractId,
        status: row.status as ContractStatus,
        ...(row.endsAtNs === null ? {} : { endsAtNs: row.endsAtNs }),
        ...(row.instanceDetails === null ? {} : { instanceDetails: shown(row.instanceDetails) }),
      })),
    };
  }
}
