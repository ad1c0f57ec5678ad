import { checkContracts } from './check-contracts.ts';
import { checkMachines } from './check-machines.ts';
import { checkMoney } from './check-money.ts';
import { checkTold } from './check-told.ts';
import { isSignedBy } from './signing.ts';
import type { Note, Violation } from './violation.ts';
import type { World } from './world.ts';

/** Everything that must hold when the storm is over, as a program: what does not hold is named. */
export function check(world: World): Violation[] {
  const found: Violation[] = [...world.wrongs];
  const note = (rule: string, detail: string) => found.push({ rule, detail });
  checkContracts(world, note);
  checkMoney(world, note);
  checkMachines(world, note);
  checkTold(world, note);
  checkMessages(world, note);
  return found;
}

function checkMessages(world: World, note: Note): void {
  const { broker, recorder, services, machineAgents } = world;
  for (const [effect, times] of recorder.effects) {
    if (times > 1) note('no effect is applied twice', `${effect}: ${times} times`);
  }
  for (const { name, database } of services) {
    for (const { subject } of database.unsent) note('every outbox is empty', `${name}: ${subject}`);
  }
  for (const open of broker.unsettled()) note('no message is left behind', open);
  if (broker.figures.hidden > 0) note('no message is hidden by its deliveries', `${broker.figures.hidden}`);
  const isHonest = (body: unknown) =>
    machineAgents.some(({ options }) => isSignedBy(options.publicKey, body));
  for (const { durable, message, error } of broker.deadLetters) {
    const isLie = durable === 'agent-events' && !isHonest(message.body);
    if (!isLie) note('only lies become dead letters', `${durable} ${message.subject}: ${String(error)}`);
  }
}
