import type { VerbInput } from '@decent-cloud/messages';
import { listHealthChecks } from '@decent-cloud/messages/agents';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { assertParty } from './assert-party.ts';
import { HealthStore } from './health.store.ts';
import { showHealthCheck } from './show-health-check.ts';

const SHOWN = 20;

@Answers(listHealthChecks)
export class ListHealthChecks implements Verb<typeof listHealthChecks> {
  constructor(private readonly store: HealthStore) {}

  async run({ params }: VerbInput<typeof listHealthChecks>, { caller }: VerbContext) {
    assertParty(caller, await this.store.parties(params.id));
    return (await this.store.newest(params.id, SHOWN)).map(showHealthCheck);
  }
}
