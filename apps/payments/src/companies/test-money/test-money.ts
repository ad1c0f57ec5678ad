import { PAGES } from '@decent-cloud/messages/pages';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { testTopUp } from '../../ledger/domain/transfer.ts';
import type { PaymentsSettings } from '../../service.ts';
import type { BegunPayment, PaymentCompany, TopUp } from '../company.ts';

/** Money for trying things out: there is no page to pay at, all of it is paid at once. */
@Injectable()
export class TestMoney implements PaymentCompany {
  private readonly checkoutUrl: string;

  constructor(@Inject(SETTINGS) settings: PaymentsSettings) {
    this.checkoutUrl = new URL(`${PAGES.wallet}?topup=success`, settings.PUBLIC_URL).href;
  }

  async begin(topUp: TopUp): Promise<BegunPayment> {
    return { checkoutUrl: this.checkoutUrl, paid: testTopUp(topUp) };
  }
}
