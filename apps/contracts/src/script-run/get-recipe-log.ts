import type { VerbInput } from '@decent-cloud/messages';
import { getRecipeLog } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { assertTenant } from '../contract/parties.ts';
import { ScriptRunStore } from './script-run.store.ts';

@Answers(getRecipeLog)
export class GetRecipeLog implements Verb<typeof getRecipeLog> {
  constructor(
    private readonly contracts: ContractStore,
    private readonly runs: ScriptRunStore,
  ) {}

  async run({ params }: VerbInput<typeof getRecipeLog>, { caller }: VerbContext): Promise<string | null> {
    const user = requireUser(caller);
    assertTenant(user, await this.contracts.find(params.id), 'read what the script has printed');
    return (await this.runs.newest(params.id))?.log ?? null;
  }
}
