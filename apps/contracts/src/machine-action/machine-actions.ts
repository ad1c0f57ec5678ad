import { secondsToNs } from '@decent-cloud/kernel';
import { type FactPayload, facts, requests } from '@decent-cloud/messages';
import type { MachineActionKind } from '@decent-cloud/messages/words';
import { emitFact } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Bus, requireUser, type VerbContext } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { ContractStore } from '../contract/contract.store.ts';
import type { Contract } from '../contract/domain/contract.ts';
import { partiesOf } from '../contract/domain/facts.ts';
import { assertTenant } from '../contract/parties.ts';
import {
  actionFinished,
  assertRuns,
  detailsOf,
  isNews,
  type MachineAction,
  requestAction,
} from './domain/machine-action.ts';
import { MachineActionStore } from './machine-action.store.ts';

const LIMITED_NS = secondsToNs(3_600);
const MOST_KEYS = 20;

/** What tenants have done inside of their machines: asked for here, done by agents, noted here. */
@Injectable()
export class MachineActions {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly contracts: ContractStore,
    private readonly store: MachineActionStore,
  ) {}

  /** Notes what is wanted and says so. A repeat of the same action finds it noted. @throws Refusal */
  async request(
    contractId: string,
    wanted: { readonly kind: MachineActionKind; readonly sshPublicKey?: string },
    context: VerbContext,
  ): Promise<void> {
    const { operationId: actionId, now } = context;
    const { kind, sshPublicKey = null } = wanted;
    const user = requireUser(context.caller);
    const check = (contract: Contract): void => {
      assertTenant(user, contract, 'do this');
      assertRuns(contract, kind);
    };
    check(await this.contracts.find(contractId));
    const encryptionPublicKeys =
      kind === 'reset-password' ? await this.keysOf(user.publicKey, context.requestId) : [];
    const action = { actionId, contractId, kind, sshPublicKey, encryptionPublicKeys };
    await this.database.transaction(async (sql) => {
      await this.contracts.lock(sql, contractId);
      if (await this.store.find(sql, actionId)) return;
      const recently = await this.store.countSince(sql, contractId, kind, now - LIMITED_NS);
      const decide = (contract: Contract) => {
        check(contract);
        return requestAction(contract, kind, recently, now);
      };
      const contract = await this.contracts.changeIn(sql, contractId, decide, now);
      await this.store.insert(sql, { ...action, requestedAtNs: now });
      await this.say(sql, contract, { ...action, requestedAtNs: now }, now);
    });
  }

  /** Notes how one has ended: with what the tenant gets by it, once. */
  async finished(
    sql: Sql,
    fact: FactPayload<typeof facts.machineOperationFinished>,
    now: bigint,
  ): Promise<void> {
    const { operationId: actionId, contractId, kind, outcome } = fact;
    await this.contracts.lock(sql, contractId);
    const action = await this.store.find(sql, actionId);
    if (action?.contractId !== contractId) {
      throw new Error(`action ${actionId} is not one of contract ${contractId}`);
    }
    if (!isNews(action, fact)) return;
    const siblings = await this.store.siblingsOf(sql, action);
    await this.store.finish(sql, actionId, outcome, now);
    const contract = await this.contracts.changeIn(
      sql,
      contractId,
      (before) => actionFinished(before, action, fact, siblings),
      now,
    );
    const details = detailsOf(fact);
    await emitFact(
      sql,
      facts.machineOperationRecorded,
      {
        operationId: actionId,
        contractId,
        kind,
        outcome,
        ...(details === undefined ? {} : { details }),
        ...partiesOf(contract),
        atNs: now,
      },
      now,
    );
  }

  /** Every active key of the account, the calling one among them. */
  private async keysOf(publicKey: string, requestId: string): Promise<string[]> {
    const { activePublicKeys } = await this.bus.ask(
      requests.ensureAccount,
      { body: { publicKey } },
      { requestId },
    );
    return [...new Set([publicKey, ...activePublicKeys])].slice(0, MOST_KEYS);
  }

  private say(
    sql: Sql,
    contract: Contract,
    { actionId, kind, sshPublicKey, encryptionPublicKeys }: Omit<MachineAction, 'outcome'>,
    now: bigint,
  ): Promise<void> {
    return emitFact(
      sql,
      facts.machineOperationRequested,
      {
        operationId: actionId,
        contractId: contract.contractId,
        kind,
        ...(sshPublicKey === null ? {} : { sshPublicKey }),
        encryptionPublicKeys: [...encryptionPublicKeys],
        ...partiesOf(contract),
        atNs: now,
      },
      now,
    );
  }
}
