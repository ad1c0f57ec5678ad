import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { isFinal } from '../contract/domain/status.ts';
import { ScriptRunStore } from './script-run.store.ts';

/** Keeps what the script has printed, and notes in the contract's events how it ended. */
@Reacts(facts.machineScriptFinished)
export class OnMachineScriptFinished implements Reaction<typeof facts.machineScriptFinished> {
  constructor(
    private readonly contracts: ContractStore,
    private readonly runs: ScriptRunStore,
  ) {}

  async react(
    fact: FactPayload<typeof facts.machineScriptFinished>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.contracts.lock(sql, fact.contractId);
    if (!(await this.runs.insert(sql, fact, now))) return;
    const details = fact.success
      ? "the offering's script has succeeded"
      : `the offering's script ended with ${fact.exitCode}`;
    await this.contracts.changeIn(
      sql,
      fact.contractId,
      ({ status }) =>
        isFinal(status) ? undefined : { events: [{ eventType: 'note', actor: 'provider', details }] },
      now,
    );
  }
}
