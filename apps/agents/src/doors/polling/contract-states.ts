import { type Answer, requests } from '@decent-cloud/messages';
import { Bus } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';

export type ContractState = Omit<Answer<typeof requests.contractStates>['states'][number], 'contractId'>;

const AT_ONCE = 200;

/** What the contracts service knows of contracts. */
@Injectable()
export class ContractStates {
  constructor(private readonly bus: Bus) {}

  /** @throws Refusal UNAVAILABLE: without that service nobody is told anything, and nothing is destroyed */
  async statesOf(contractIds: readonly string[], requestId: string): Promise<Map<string, ContractState>> {
    const states = new Map<string, ContractState>();
    for (let from = 0; from < contractIds.length; from += AT_ONCE) {
      const some = contractIds.slice(from, from + AT_ONCE);
      const answer = await this.bus.ask(
        requests.contractStates,
        { body: { contractIds: some } },
        { requestId },
      );
      for (const { contractId, ...state } of answer.states) states.set(contractId, state);
    }
    return states;
  }
}
