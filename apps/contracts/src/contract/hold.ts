import { Refusal } from '@decent-cloud/kernel';
import { type Answer, requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { RentalRequest } from './domain/rental-request.ts';

export type HeldOffering = Answer<typeof requests.holdStock>;

export const tookTooLong = (cause?: unknown): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The rental took too long: try again', { cause });

/** Units of stock, taken before the contract exists. */
@Injectable()
export class Holds {
  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Takes one unit; the hold ends by itself at `untilNs` unless a contract of that operation lives then. */
  async take(
    operationId: string,
    request: RentalRequest,
    renterPublicKey: string,
    untilNs: bigint,
    requestId: string,
  ): Promise<HeldOffering> {
    try {
      return await this.bus.ask(
        requests.holdStock,
        {
          body: {
            holdId: operationId,
            offeringDbId: request.offeringDbId,
            renterPublicKey,
            durationHours: request.durationHours,
            untilNs,
          },
        },
        { requestId },
      );
    } catch (error) {
      const saidNo = error instanceof Refusal && error.code !== 'UNAVAILABLE';
      if (!saidNo) await this.release(operationId, requestId);
      // An attempt before this one took too long; the next one gets an operation, and so a hold, of its own.
      if (saidNo && error.reason === 'TRANSITION_NOT_ALLOWED') throw tookTooLong(error);
      throw error;
    }
  }

  /** Gives the unit back; when that fails, the hold's own end does. */
  async release(operationId: string, requestId: string): Promise<void> {
    try {
      await this.bus.ask(requests.releaseStock, { body: { holdId: operationId } }, { requestId });
    } catch (error) {
      this.logger.warn({ error, holdId: operationId }, 'a hold is left to its end');
    }
  }
}
