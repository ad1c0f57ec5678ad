import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import { isFinal } from '../../contracts/src/contract/domain/status.ts';
import type { RealMachine } from './backend.ts';
import type { Note } from './violation.ts';
import type { World } from './world.ts';

/** Live machines = running contracts: none doubled, none left over, each where the platform believes it. */
export function checkMachines(world: World, note: Note): void {
  const machinesOf = new Map<string, { agentPublicKey: string; machine: RealMachine }[]>();
  for (const { options, backend } of world.machineAgents) {
    for (const machine of backend.machines.values()) {
      const { contractId } = machine.marks;
      const known = machinesOf.get(contractId) ?? [];
      machinesOf.set(contractId, [...known, { agentPublicKey: options.publicKey, machine }]);
    }
  }
  for (const contract of world.contracts.rows.contracts.values()) {
    const machines = machinesOf.get(contract.contractId) ?? [];
    machinesOf.delete(contract.contractId);
    if (isFinal(contract.status)) checkGone(world, contract, machines.length, note);
    else checkRuns(world, contract, machines, note);
  }
  for (const contractId of machinesOf.keys()) note('every machine has a contract', contractId);
}

function checkRuns(
  world: World,
  contract: Contract,
  machines: readonly { agentPublicKey: string; machine: RealMachine }[],
  note: Note,
): void {
  const { contractId, machineGeneration, instanceDetails } = contract;
  const [only] = machines;
  if (!only || machines.length > 1) {
    note('every running contract has one machine', `${contractId} has ${machines.length}`);
    return;
  }
  const { marks, externalId, power } = only.machine;
  const owner = world.agents.rows
    .machinesOf(contractId)
    .find(({ generation }) => generation === machineGeneration);
  const fits =
    marks.generation === machineGeneration &&
    owner?.agentPublicKey === only.agentPublicKey &&
    owner.state === 'provisioned' &&
    owner.desired === 'running' &&
    instanceDetails?.external_id === externalId &&
    power === 'running';
  if (!fits) {
    note(
      'the machine that runs is the one that the tenant was given',
      `${contractId}: generation ${marks.generation} ${externalId} ${power}, told ${machineGeneration} ${instanceDetails?.external_id}, ` +
        `the coordinator has it ${owner?.state} ${owner?.desired}`,
    );
  }
}

function checkGone(
  world: World,
  { contractId, terminatedAtNs }: Contract,
  machines: number,
  note: Note,
): void {
  if (machines > 0) note('no machine outlives its contract', `${contractId} has ${machines}`);
  const { rows: tables } = world.agents;
  const assignment = tables.assignments.get(contractId);
  if (assignment?.state !== 'ended')
    note('the coordinator knows every end', `${contractId}: ${assignment?.state}`);
  const rows = tables.machinesOf(contractId);
  for (const { generation, state } of rows) {
    if (state !== 'gone')
      note('every attempt is confirmed gone', `${contractId} generation ${generation}: ${state}`);
  }
  if (rows.length > 0 && terminatedAtNs === null) note('both sides are told that it is gone', contractId);
}
