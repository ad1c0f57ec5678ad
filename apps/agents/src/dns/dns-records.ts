import { crash } from '@decent-cloud/kernel';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AgentsSettings } from '../settings.ts';
import { DnsBackend, DnsError } from './dns-backend.ts';
import { DnsRecordStore, type RecordInHand, type RecordPlace } from './dns-record.store.ts';
import { challengeName, type GatewayZone, machineName } from './domain/names.ts';

/**
 * Names of machines: the row first, then the zone, then the row again. Whatever happens in between, the row says that the
 * zone has to be looked at.
 */
@Injectable()
export class DnsRecords {
  private readonly zone: GatewayZone;

  constructor(
    private readonly store: DnsRecordStore,
    private readonly dns: DnsBackend,
    @Inject(SETTINGS) { CF_GW_PREFIX: prefix, CF_DOMAIN: domain = '' }: AgentsSettings,
  ) {
    this.zone = { prefix, domain };
  }

  challengeOf(dcId: string): string {
    return challengeName(this.zone, dcId);
  }

  /** The name, once it is there. @throws Refusal, DnsError */
  async create(place: RecordPlace, address: string, now: bigint): Promise<string> {
    this.dns.assertReady();
    return this.carryOut(await this.store.begin(place, address, now), now);
  }

  /** The name, once it is gone. @throws Refusal, DnsError */
  async remove(place: RecordPlace, now: bigint): Promise<string> {
    this.dns.assertReady();
    return this.carryOut(await this.store.beginRemoval(place, now), now);
  }

  /** Makes the zone as the row says. @throws DnsError; the row is looked at again then */
  async carryOut(record: RecordInHand, now: bigint): Promise<string> {
    const name = machineName(this.zone, record.dcId, record.slug);
    passHere('before-dns');
    try {
      if (record.state === 'removing' || record.address === null) await this.dns.deleteA(name);
      else await this.dns.upsertA(name, record.address);
    } catch (error) {
      await this.store.postpone(record, now);
      throw error;
    }
    passHere('after-dns');
    if (!(await this.store.settle(record, now))) {
      throw new DnsError('unavailable', `${name} was taken out of hand while it was written`);
    }
    return name;
  }
}

/** A point at which tests end the process, within the request that is under way. */
function passHere(place: string): void {
  const point = crash.points?.nextHere(place);
  if (point !== undefined) crash.points?.pass(point);
}
