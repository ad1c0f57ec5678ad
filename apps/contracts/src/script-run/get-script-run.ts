import type { VerbInput } from '@decent-cloud/messages';
import { getScriptRun } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { assertTenant } from '../contract/parties.ts';
import { type ScriptRun, ScriptRunStore } from './script-run.store.ts';

@Answers(getScriptRun)
export class GetScriptRun implements Verb<typeof getScriptRun> {
  constructor(
    private readonly contracts: ContractStore,
    private readonly runs: ScriptRunStore,
  ) {}

  async run({ params }: VerbInput<typeof getScriptRun>, { caller }: VerbContext): Promise<ScriptRun | null> {
    const user = requireUser(caller);
    assertTenant(user, await this.contracts.find(params.id), 'read how the script has ended');
    return (await this.runs.newest(params.id)) ?? null;
  }
}
