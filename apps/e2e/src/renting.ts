import type { Client } from '@decent-cloud/client';
import {
  cancelContract,
  type contract as contractSchema,
  createContract,
  listMyContracts,
} from '@decent-cloud/messages/contracts';
import type { Output } from '@decent-cloud/messages/wire';
import type { Tenant } from './tenant.ts';

export type Contract = Output<typeof contractSchema>;

/** Nothing more happens to it by itself. */
export const SETTLED = ['active', 'cancelled', 'rejected', 'expired', 'provisioningfailed'];

/** A tenant who rents the demo's small machine from the wallet, many at the same time; round by round. */
export class Renting {
  private readonly before = new Set<string>();

  private constructor(
    private readonly api: Client,
    private readonly sshKey: string,
    readonly offeringId: bigint,
  ) {}

  static async of(tenant: Tenant): Promise<Renting> {
    const [api, sshKey] = await Promise.all([tenant.api(), tenant.sshPublicKey()]);
    const offerings: { id: number; offering_id: string }[] = await tenant.dc.json([
      'contract',
      'list-offerings',
    ]);
    const small = offerings.find(({ offering_id }) => offering_id === 'demo-small');
    if (!small) throw new Error('the demo lets no small machine');
    return new Renting(api, sshKey, BigInt(small.id));
  }

  readonly rent = () =>
    this.api.call(
      createContract,
      {
        body: {
          offering_db_id: this.offeringId,
          ssh_pubkey: this.sshKey,
          duration_hours: 1,
          payment_method: 'wallet',
        },
      },
      { idempotencyKey: crypto.randomUUID() },
    );

  readonly cancel = (id: string) =>
    this.api.call(cancelContract, { params: { id }, body: {} }, { idempotencyKey: crypto.randomUUID() });

  /** The contracts of this round, as the tenant sees them. */
  async ofRound(): Promise<Contract[]> {
    const params = { pubkey: this.api.publicKey as string };
    const all = await this.api.call(listMyContracts, { params, query: { limit: 200 } });
    return all.filter(({ contract_id }) => !this.before.has(contract_id));
  }

  endRound(contracts: readonly Contract[]): void {
    for (const { contract_id } of contracts) this.before.add(contract_id);
  }

  /** How many contracts earlier rounds had. */
  get count(): number {
    return this.before.size;
  }

  isOfBefore(contractId: string): boolean {
    return this.before.has(contractId);
  }
}
