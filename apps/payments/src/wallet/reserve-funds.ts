import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { assertAboveFloor } from '../ledger/domain/transfer.ts';
import { ReservationStore } from '../ledger/reservation.store.ts';
import { assertWalletCurrency } from './domain/wallet.ts';

/** Sets money aside before anything else is held for a rental: what is reserved nobody else can reserve or spend. */
@Answers(requests.reserveFunds)
export class ReserveFunds implements Verb<typeof requests.reserveFunds> {
  constructor(
    private readonly database: Database,
    private readonly reservations: ReservationStore,
  ) {}

  async run({ body }: VerbInput<typeof requests.reserveFunds>, { caller, now }: VerbContext) {
    requireService(caller);
    const currency = assertWalletCurrency(body.currency);
    const wallet = { accountId: body.accountId, currency };
    await this.database.transaction(async (sql) => {
      const balanceE9s = await this.reservations.lockWallet(sql, body.accountId, currency);
      const reservedE9s = await this.reservations.reservedByOthers(sql, wallet, body.reservationId, now);
      const account = { kind: 'wallet', owner: body.accountId, balanceE9s, reservedE9s } as const;
      assertAboveFloor(account, -body.amountE9s, currency);
      await this.reservations.put(sql, { ...body, currency });
    });
    return { reservedE9s: body.amountE9s };
  }
}
