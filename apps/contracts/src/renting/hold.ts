import { Refusal } from '@decent-cloud/kernel';
import { type Answer, requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger, regardlessOfTime } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { RentalRequest } from '../contract/domain/rental-request.ts';

export type QuotedOffering = Answer<typeof requests.quoteRental>;
export type HeldOffering = Answer<typeof requests.holdStock>;

/** The types of machines that the rental may get; empty: not known. */
export const machineTypesOf = ({ machineTypes, provisionerType }: QuotedOffering): readonly string[] =>
  machineTypes ?? (provisionerType === undefined ? [] : [provisionerType]);

/** It was answered, with a no: nothing was done. */
export const saidNo = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.code !== 'UNAVAILABLE';

export const tookTooLong = (cause?: unknown): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The rental took too long: try again', { cause });

/** An attempt before this one took too long; the next one gets an operation, and so a hold, of its own. */
const isOver = (error: unknown): boolean => saidNo(error) && error.reason === 'TRANSITION_NOT_ALLOWED';

export interface Tenant {
  readonly publicKey: string;
  readonly accountId?: string | undefined;
}

/** Units of stock, taken before the contract exists. */
@Injectable()
export class Holds {
  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** What one unit would be, without taking it. */
  async quote(
    operationId: string,
    request: RentalRequest,
    tenant: Tenant,
    requestId: string,
  ): Promise<QuotedOffering> {
    const body = wishOf(operationId, request, tenant);
    try {
      return await this.bus.ask(requests.quoteRental, { body }, { requestId });
    } catch (error) {
      throw isOver(error) ? tookTooLong(error) : error;
    }
  }

  /** Takes one unit; the hold ends by itself at `untilNs` unless a contract of that operation lives then. */
  async take(
    operationId: string,
    request: RentalRequest,
    tenant: Tenant,
    untilNs: bigint,
    requestId: string,
  ): Promise<HeldOffering> {
    try {
      return await this.bus.ask(
        requests.holdStock,
        { body: { ...wishOf(operationId, request, tenant), untilNs } },
        { requestId },
      );
    } catch (error) {
      if (!saidNo(error)) await this.release(operationId, requestId);
      throw isOver(error) ? tookTooLong(error) : error;
    }
  }

  /** Gives the unit back; when that fails, the hold's own end does. */
  async release(operationId: string, requestId: string): Promise<void> {
    try {
      await regardlessOfTime(() =>
        this.bus.ask(requests.releaseStock, { body: { holdId: operationId } }, { requestId }),
      );
    } catch (error) {
      this.logger.warn({ error, holdId: operationId }, 'a hold is left to its end');
    }
  }
}

const wishOf = (
  operationId: string,
  { offeringDbId, durationHours }: RentalRequest,
  { publicKey, accountId }: Tenant,
) => ({
  holdId: operationId,
  offeringDbId,
  renterPublicKey: publicKey,
  ...(accountId !== undefined && { renterAccountId: accountId }),
  durationHours,
});
