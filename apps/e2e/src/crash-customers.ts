import { setTimeout as sleep } from 'node:timers/promises';
import { type CrashStage, type Customer, FINAL, WITH_MACHINE } from './crash-stage.ts';
import { removeByHand } from './demo-machines.ts';

/** What customers do with a rental: give it back when it runs or sooner, get no machine, are turned away, lose the machine. */
export const HABITS = [
  'gives-back',
  'cancels-early',
  'without-machine',
  'unwanted',
  'loses-it',
  'gets-another',
] as const;
export type Habit = (typeof HABITS)[number];
export const isLosing = (habit: Habit): boolean => habit === 'loses-it' || habit === 'gets-another';

/** So long a customer waits for a machine. */
const PATIENCE_MS = 12_000;
/** And so long until a machine that is not there is lost, and another one is there. */
const LOST_PATIENCE_MS = 120_000;
/** The provider has 50; who gets none waits longer for one than a crash takes. */
const MOST_PLACES = 30;

/** Customers of a platform whose services die; what is not answered in time is left to the platform. */
export class CrashCustomers {
  readonly givenBack = new Set<string>();
  /** Nobody waits for anything any more. */
  isOver = false;

  constructor(private readonly stage: CrashStage) {}

  /** Gives the contract's id; nothing when the provider has no room. @throws ApiError */
  async rent(customer: Customer, habit: Habit): Promise<string | undefined> {
    await this.giveBackForgotten(customer);
    if ((await this.placesTaken()) >= MOST_PLACES) return undefined;
    return this.stage.rent(customer, {
      withoutMachine: habit === 'without-machine',
      whenMachineLost: habit === 'gets-another' ? 'make-again' : 'end',
    });
  }

  /** Ends it, as the habit says. @throws ApiError */
  async use(customer: Customer, habit: Habit, id: string): Promise<void> {
    const { stage } = this;
    if (habit !== 'cancels-early') {
      await this.waitFor(id, PATIENCE_MS, ({ status }) => WITH_MACHINE.includes(status));
    }
    const status = (await stage.contract(id))?.status ?? 'unknown';
    if (isLosing(habit) && WITH_MACHINE.includes(status)) {
      await removeByHand(stage.platform, id);
      await this.waitFor(id, LOST_PATIENCE_MS, ({ downNs }) => downNs > 0n);
    }
    if (FINAL.includes((await stage.contract(id))?.status ?? 'unknown')) return;
    await stage.cancel(customer, id);
    this.givenBack.add(id);
  }

  private async waitFor(
    id: string,
    patienceMs: number,
    holds: (contract: { readonly status: string; readonly downNs: bigint }) => boolean,
  ): Promise<void> {
    const until = Date.now() + patienceMs;
    while (!this.isOver && Date.now() < until) {
      const contract = await this.stage.contract(id);
      if (contract && (holds(contract) || FINAL.includes(contract.status))) return;
      await sleep(250);
    }
  }

  /** Rentals of which no answer has told the customer. */
  private async giveBackForgotten(customer: Customer): Promise<void> {
    const own = (await this.stage.contracts()).filter(({ tenantKey }) => tenantKey === customer.publicKey);
    for (const { contractId, status } of own) {
      if (!WITH_MACHINE.includes(status)) continue;
      await this.stage.cancel(customer, contractId);
      this.givenBack.add(contractId);
    }
  }

  /** Machines of ended rentals take their places until they are removed. */
  private async placesTaken(): Promise<number> {
    const living = (await this.stage.contracts()).filter(({ status }) => !FINAL.includes(status));
    const contracts = living.map(({ contractId }) => contractId);
    return new Set([...contracts, ...(await this.stage.machines())]).size;
  }
}
