import { Refusal } from '@decent-cloud/kernel';

/** Writes records of the platform's zone. Everything may be repeated: what is right already stays as it is. */
export abstract class DnsBackend {
  /** @throws Refusal PRECONDITION when no zone is configured */
  abstract assertReady(): void;

  /** From now on the name has this address and no other. @throws DnsError */
  abstract upsertA(name: string, address: string): Promise<void>;

  /** From now on the name has no address. @throws DnsError */
  abstract deleteA(name: string): Promise<void>;

  /**
   * From now on the name has these texts and no others. They are asked for after looking at what is there: so whoever
   * writes at the same time never takes away what has just become wanted. @throws DnsError
   */
  abstract setTxt(name: string, wanted: () => Promise<readonly string[]>): Promise<void>;
}

/** The zone could not be written. `refused`: it was understood, and trying again will not help. */
export class DnsError extends Error {
  override readonly name = 'DnsError';

  constructor(
    readonly kind: 'unavailable' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Where nobody has named a zone: says so to everybody. */
export class NoDns extends DnsBackend {
  assertReady(): void {
    throw new Refusal(
      'PRECONDITION',
      'DNS_NOT_CONFIGURED',
      'This platform has no zone for gateways: its operator must set CF_API_TOKEN, CF_ZONE_ID and CF_DOMAIN',
    );
  }

  async upsertA(): Promise<void> {
    this.assertReady();
  }

  async deleteA(): Promise<void> {
    this.assertReady();
  }

  async setTxt(): Promise<void> {
    this.assertReady();
  }
}
