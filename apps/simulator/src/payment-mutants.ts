import type { FactPayload, facts } from '@decent-cloud/messages';
import { type Parts, parts } from './parts.ts';

type Given = ConstructorParameters<Parts['payments']['OnContractEnded']>;
type Context = Parameters<InstanceType<Parts['payments']['OnContractEnded']>['react']>[1];

export class SettlingNothing extends parts.payments.OnContractEnded {
  override async react(): Promise<void> {
    // The money can wait.
  }
}

/** A charge that overtook the end counts as earned. */
export class KeepingWhatOvertook extends parts.payments.OnContractEnded {
  private readonly known: Given[1];

  constructor(...given: Given) {
    super(...given);
    this.known = given[1];
  }

  override async react(ended: FactPayload<typeof facts.contractEnded>, context: Context): Promise<void> {
    const { sql, now } = context;
    if (ended.paidE9s > 0n || (await this.known.insertVoid(sql, ended.contractId, now))) {
      return super.react(ended, context);
    }
    const { chargedE9s } = await this.known.lock(sql, ended.contractId);
    return super.react({ ...ended, paidE9s: chargedE9s, refundE9s: 0n, earnedE9s: chargedE9s }, context);
  }
}
