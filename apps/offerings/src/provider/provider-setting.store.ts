import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Owner } from '../offering/offering.store.ts';
import { OfferingsPrisma } from '../offerings.prisma.ts';

/** Paid requests are accepted without asking, unless the provider said otherwise. */
const AUTO_ACCEPT_DEFAULT = true;

/** Settings of a provider: under the account, or the key while there is none. */
@Injectable()
export class ProviderSettingStore {
  constructor(private readonly prisma: OfferingsPrisma) {}

  async setAutoAccept(owner: Owner, autoAccept: boolean): Promise<void> {
    const name = owner.accountId ?? owner.publicKey;
    await this.prisma.providerSetting.upsert({
      where: { owner: name },
      create: { owner: name, autoAccept },
      update: { autoAccept },
    });
  }

  async isAutoAccepting(sql: Sql, owner: Owner): Promise<boolean> {
    const [row] = await sql.query<{ auto_accept: boolean }>(
      `select auto_accept from provider_setting where owner in ($1, $2) order by owner = $1 desc limit 1`,
      [owner.accountId ?? owner.publicKey, owner.publicKey],
    );
    return row?.auto_accept ?? AUTO_ACCEPT_DEFAULT;
  }
}
