import type { VerbInput } from '@decent-cloud/messages';
import { getHealthSummary } from '@decent-cloud/messages/agents';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { assertParty } from './assert-party.ts';
import { summarise } from './domain/summarise.ts';
import { HealthStore } from './health.store.ts';

@Answers(getHealthSummary)
export class GetHealthSummary implements Verb<typeof getHealthSummary> {
  constructor(private readonly store: HealthStore) {}

  async run({ params }: VerbInput<typeof getHealthSummary>, { caller }: VerbContext) {
    assertParty(caller, await this.store.parties(params.id));
    return summarise(await this.store.totals(params.id));
  }
}
