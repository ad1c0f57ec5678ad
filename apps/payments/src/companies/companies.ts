import { Refusal } from '@decent-cloud/kernel';
import type { TopUpMethod } from '@decent-cloud/messages/words';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { PaymentsSettings } from '../service.ts';
import type { PaymentCompany } from './company.ts';
import { TestMoney } from './test-money/test-money.ts';

/** The companies that are set up here. */
@Injectable()
export class Companies {
  private readonly isProduction: boolean;

  constructor(
    private readonly test: TestMoney,
    @Inject(SETTINGS) settings: PaymentsSettings,
  ) {
    this.isProduction = settings.ENVIRONMENT === 'prod';
  }

  /**
   * Outside production, whoever names no method gets test money as long as no payment company is set up.
   * @throws Refusal PAYMENT_METHOD_UNAVAILABLE
   */
  of(method: TopUpMethod | undefined): PaymentCompany {
    const wanted = method ?? (this.isProduction ? 'stripe' : 'test');
    if (wanted === 'test' && !this.isProduction) return this.test;
    throw new Refusal(
      'UNPROCESSABLE',
      'PAYMENT_METHOD_UNAVAILABLE',
      wanted === 'test' ? 'Test money does not exist in production' : 'Card payments are not set up here',
    );
  }
}
