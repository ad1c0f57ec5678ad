import { z } from 'zod';
import { fact } from '../../wire/fact.ts';
import { AT, CONTRACT } from '../../wire/samples.ts';
import { contractIdHex, int32, int64 } from '../../wire/schema.ts';
import { MACHINE_CHANGES } from '../../words/contracts.ts';
import { bothParties, parties, partiesSample } from '../parties.ts';

/** Until when a machine is paid for: said when it is handed over, and again whenever that changes. */
export const paidTimeChanged = fact({
  subject: 'evt.contracts.v1.paid-time-changed',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    endsAtNs: int64(),
    atNs: int64(),
  }),
  sample: { contractId: CONTRACT, version: 4, endsAtNs: AT, atNs: AT },
});

/** What became of the machine of a contract that runs. */
export const contractMachineChanged = fact({
  subject: 'evt.contracts.v1.contract-machine-changed',
  payload: z.object({
    contractId: contractIdHex(),
    change: z.enum(MACHINE_CHANGES),
    /** Since when it is, or was, down. */
    downSinceNs: int64().optional(),
    offeringName: z.string(),
    atNs: int64(),
    ...parties,
  }),
  audience: bothParties,
  live: (change) => ({
    event: 'contract-machine',
    data: {
      contract_id: change.contractId,
      change: change.change,
      down_since_ns: change.downSinceNs,
      updated_at_ns: change.atNs,
    },
  }),
  sample: {
    contractId: CONTRACT,
    change: 'missing',
    downSinceNs: AT,
    offeringName: 'Small VPS',
    atNs: AT,
    ...partiesSample,
  },
});

/** The machine of this generation is lost, and the tenant wants another one on the same terms. */
export const machineWantedAgain = fact({
  subject: 'evt.contracts.v1.machine-wanted-again',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    generation: int32(1),
    /** Past this time the contract will have ended: do not start. */
    deadlineNs: int64(),
    atNs: int64(),
  }),
  sample: { contractId: CONTRACT, version: 5, generation: 1, deadlineNs: AT, atNs: AT },
});
