import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { recordHealth } from '@decent-cloud/messages/agents';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { contractNotFound } from '../assignment/assignment-changes.ts';
import { counts } from '../assignment/domain/decide-event.ts';
import { isBelievable } from './domain/is-believable.ts';
import { HealthStore } from './health.store.ts';
import { showHealthCheck } from './show-health-check.ts';

@Answers(recordHealth)
export class RecordHealth implements Verb<typeof recordHealth> {
  constructor(private readonly store: HealthStore) {}

  async run({ params, body }: VerbInput<typeof recordHealth>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'health_check');
    const parties = await this.store.parties(params.id);
    if (parties?.providerPublicKey !== agent.providerPublicKey) throw contractNotFound();
    if (!isBelievable(body.checkedAt, now)) {
      throw new Refusal('INVALID', 'INVALID_INPUT', 'checkedAt: must be within the last 24 hours');
    }
    const attempt = await this.store.attemptOf(params.id, agent.publicKey);
    if (!attempt || !counts(attempt, { generation: attempt.newest })) {
      const text = 'The machine of this contract is not in the hands of this agent (any more)';
      throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', text);
    }
    const check = {
      contractId: params.id,
      agentPublicKey: agent.publicKey,
      checkedAtNs: body.checkedAt,
      status: body.status,
      latencyMs: body.latencyMs ?? null,
      details: body.details ?? null,
    };
    return showHealthCheck(await this.store.record(check, now));
  }
}
