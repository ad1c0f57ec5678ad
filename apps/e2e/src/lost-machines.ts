import type { Client } from '@decent-cloud/client';
import { getContract, getContractSteps, listContractEvents } from '@decent-cloud/messages/contracts';
import { listNotifications } from '@decent-cloud/messages/notifications';
import { eventually } from '@decent-cloud/testing';
import { removeByHand, switchOffByHand } from './demo-machines.ts';
import { demoProvider } from './demo-provider.ts';
import type { Platform } from './platform.ts';
import type { Contract } from './renting.ts';
import type { Tenant } from './tenant.ts';

/** Longer than the platform waits for a second look at a machine that was just made. */
const DEADLINE_MS = 90_000;
/** What both sides hear of a machine that is not there, and of the end. */
const OF_MACHINES = /^Machine (?!Provisioned)|^Rental Cancelled/;

/** Three machines of one tenant, with what somebody at the provider's does to them: one is switched off, two are removed. */
export class LostMachines {
  private constructor(
    private readonly tenant: Tenant,
    private readonly api: Client,
    private readonly provider: Client,
    readonly switchedOff: string,
    readonly ends: string,
    readonly goesOn: string,
    /** The one that goes on, before its machine was removed. */
    readonly before: Contract,
  ) {}

  static async of(platform: Platform, tenant: Tenant, offeringId: bigint): Promise<LostMachines> {
    const rent = (...more: string[]) => tenant.rent(offeringId, 1, ['--wait', ...more]);
    const [switchedOff, ends, goesOn] = await Promise.all([
      rent(),
      rent(),
      rent('--when-machine-lost', 'make-again'),
    ]);
    const [api, provider] = await Promise.all([tenant.api(), demoProvider(platform)]);
    const before = await api.call(getContract, { params: { id: goesOn } });
    await Promise.all([ends, goesOn].map((id) => removeByHand(platform, id)));
    await switchOffByHand(platform, switchedOff);
    return new LostMachines(tenant, api, provider, switchedOff, ends, goesOn, before);
  }

  until(id: string, what: string, holds: (contract: Contract) => boolean): Promise<Contract> {
    return eventually(
      async () => {
        const contract = await this.api.call(getContract, { params: { id } });
        return holds(contract) && contract;
      },
      { deadlineMs: DEADLINE_MS, everyMs: 300, what },
    );
  }

  async events(id: string): Promise<string[]> {
    const events = await this.api.call(listContractEvents, { params: { id } });
    return events.map(({ eventType }) => eventType).filter((type) => type.startsWith('machine_'));
  }

  async restoring(id: string): Promise<{ state: string; reason?: string | undefined } | undefined> {
    const { steps } = await this.api.call(getContractSteps, { params: { id } });
    return steps.find(({ name }) => name === 'restore-machine');
  }

  /** What tenant and provider were told of it, the first first. */
  async told(id: string): Promise<{ tenant: string[]; provider: string[] }> {
    const titles = async (client: Client) => {
      const params = { pubkey: client.publicKey as string };
      const all = await client.call(listNotifications, { params, query: { limit: 200 } });
      return all
        .filter(({ contractId, title }) => contractId === id && OF_MACHINES.test(title))
        .map(({ title }) => title)
        .reverse();
    };
    const [tenant, provider] = await Promise.all([titles(this.api), titles(this.provider)]);
    return { tenant, provider };
  }

  async letsIn(id: string): Promise<boolean> {
    return (await this.tenant.ssh(await this.tenant.address(id), 'true')).code === 0;
  }
}

/** Of what was paid: all but the time with a machine that runs, to the nanosecond. */
export function refundOf(ended: Contract): bigint {
  const { provisioning_completed_at_ns: startNs, end_timestamp_ns: endNs } = ended;
  const { machine_down_since_ns: downSinceNs, machine_down_ns: downNs, status_updated_at_ns: overNs } = ended;
  const paidForNs = (endNs ?? 0n) - (startNs ?? 0n);
  const ranNs = (downSinceNs ?? overNs ?? 0n) - (startNs ?? 0n) - (downNs ?? 0n);
  return (ended.payment_amount_e9s * (paidForNs - ranNs)) / paidForNs;
}
