import { facts } from '@decent-cloud/messages';
import {
  type Act,
  actName,
  actsOf,
  besides,
  endings,
  rentalProcess,
  tellings,
} from '@decent-cloud/messages/process';

/** Said of every machine as soon as it is there; the rest of what goes on beside a rental is asked for by people. */
const OF_EVERY_MACHINE: readonly string[] = [facts.machineProvisioned.subject, facts.paidTimeChanged.subject];
const ofEveryMachine = besides.filter(({ on }) => 'subject' in on && OF_EVERY_MACHINE.includes(on.subject));

const isOfLostMachine = ({ on }: Act) =>
  'subject' in on && on.subject === facts.contractMachineChanged.subject;
const usual = rentalProcess.filter(({ isSeldom }) => !isSeldom);
const usualTellings = tellings.filter((act) => !isOfLostMachine(act));

/** Every act of a rental that is paid from the wallet, whether it goes well or not. */
export const RENTAL_ACTS = actsOf(usual, [...endings, ...usualTellings, ...ofEveryMachine]);

/** The same, each once: one act may be part of two things. */
export const RENTAL_ACTS_ONCE = [...new Map(RENTAL_ACTS.map((act) => [actName(act), act])).values()];

/** What happens to a rental only when its machine is lost. */
export const LOST_MACHINE_ACTS = actsOf(
  rentalProcess.filter(({ isSeldom }) => isSeldom),
  tellings.filter(isOfLostMachine),
);
