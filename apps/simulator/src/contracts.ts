import { requests } from '@decent-cloud/messages';
import type { Bus } from '@decent-cloud/runtime';
import type { AccountDirectory } from '../../contracts/src/contract/account-directory.ts';
import type { ContractStore } from '../../contracts/src/contract/contract.store.ts';
import type { WaitingContractsStore } from '../../contracts/src/contract/waiting-contracts.store.ts';
import type { ContractsSettings } from '../../contracts/src/settings.ts';
import { type ContractMutations, ContractsInMemory, ContractTables } from './contracts-in-memory.ts';
import { type Flows, realFlows } from './flows.ts';
import type { Parts } from './parts.ts';
import { Service, type Surroundings } from './service.ts';
import { standIn } from './stand-in.ts';
import { WaitingInMemory } from './waiting-in-memory.ts';

/** As in the real service, but shorter where people are waited for. What is left out here, no flow reads. */
const SETTINGS = {
  ENVIRONMENT: 'test',
  REQUESTED_TIMEOUT_SECONDS: 600,
  PENDING_TIMEOUT_SECONDS: 600,
  PROVISIONING_TIMEOUT_SECONDS: 600,
  RESPONSE_TIMEOUT_HOURS: 0.25,
  STOCK_HOLD_SECONDS: 90,
  TIMEOUT_SCAN_SECONDS: 5,
} as ContractsSettings;

/** The real service of rentals' lives, over tables in memory. */
export class Contracts extends Service {
  readonly rows = new ContractTables();
  readonly store: ContractsInMemory;

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly parts: Parts['contracts'],
    mutant: ContractMutations,
  ) {
    super('contracts', skewUs, around);
    this.store = new ContractsInMemory(this.database, this.rows, SETTINGS, mutant);
    this.readFacts('contracts');
  }

  protected flows(): Flows {
    const { parts, logger, database } = this;
    const bus = standIn<Bus, 'ask'>(this.bus);
    const store = standIn<ContractStore>(this.store);
    const waiting = standIn<WaitingContractsStore>(new WaitingInMemory(database, this.rows));
    const clock = () => this.now;
    const holds = new parts.Holds(bus, logger);
    const funds = new parts.FundReservations(bus, logger);
    const payment = new parts.RentalPayment(bus, store, logger, clock);
    const directory = standIn<AccountDirectory, 'accountOf'>({
      accountOf: async (publicKey) => (await bus.ask(requests.resolveKey, { body: { publicKey } })).accountId,
    });
    const creating = [bus, store, directory, holds, funds, payment, SETTINGS, clock, logger] as const;
    return realFlows(
      [
        new parts.CreateContract(...creating),
        new parts.CancelContract(store),
        new parts.RespondToRequest(store),
        new parts.LivingHolds(store),
        new parts.ConfirmPayments(bus, waiting, store, payment, logger),
        new parts.SettleDeadlines(waiting, store, logger),
        new parts.OnMachineAssigned(store),
        new parts.OnMachineAvailabilityChanged(store),
        new parts.OnMachineProvisioned(store),
        new parts.OnMachineRemoved(store),
        new parts.OnProvisioningFailed(store),
        new parts.OnProvisioningStarted(store),
        new parts.OnRefundIssued(store),
        new parts.OnRentalCharged(store),
        new parts.OnStockReleased(store),
      ],
      SETTINGS,
    );
  }
}
