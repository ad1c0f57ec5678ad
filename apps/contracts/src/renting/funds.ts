import { requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { saidNo } from './hold.ts';

export interface Funds {
  /** The operation that they are for. */
  readonly reservationId: string;
  readonly accountId: string;
  readonly amountE9s: bigint;
  readonly currency: string;
  /** Then they are free again by themselves. */
  readonly untilNs: bigint;
}

/** Money in wallets that is set aside before anything is held: whoever has none keeps nothing from others. */
@Injectable()
export class FundReservations {
  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws Refusal INSUFFICIENT_BALANCE; nothing is set aside then */
  async reserve(funds: Funds, requestId: string): Promise<void> {
    try {
      await this.bus.ask(requests.reserveFunds, { body: funds }, { requestId });
    } catch (error) {
      if (!saidNo(error)) await this.release(funds.reservationId, requestId);
      throw error;
    }
  }

  /** Lets go of them; when that fails, their own end does. */
  async release(reservationId: string, requestId: string): Promise<void> {
    try {
      await this.bus.ask(requests.releaseFunds, { body: { reservationId } }, { requestId });
    } catch (error) {
      this.logger.warn({ error, reservationId }, 'reserved money is left to its end');
    }
  }
}
