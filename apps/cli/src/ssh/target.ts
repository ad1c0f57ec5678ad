import { parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import { isPrivateAddress } from '@decent-cloud/kernel';
import type { contract } from '@decent-cloud/messages/contracts';
import {
  machineDetailsOf,
  readSshLogin,
  type SshLogin,
  type SshLoginFault,
} from '@decent-cloud/messages/contracts';
import type { Output } from '@decent-cloud/messages/wire';
import { knownWord } from '@decent-cloud/messages/wire';
import { CONTRACT_STATUSES, HAS_MACHINE_IN_USE } from '@decent-cloud/messages/words';
import { isOver } from '../contract-states.ts';
import { CliError, EXIT } from '../exit.ts';
import type { CliReason } from '../reasons.ts';

export type Contract = Output<typeof contract>;

const unusable = (message: string, { contract_id, status }: Contract): CliError =>
  new CliError(
    EXIT.refused,
    'MACHINE_NOT_REACHABLE',
    message,
    isOver(status)
      ? `See what happened: dc contract events ${contract_id}. A new machine: dc contract create`
      : `Wait until it is ready: dc contract wait ${contract_id} --state provisioned`,
  );

/** Where the machine of a contract listens. What providers wrote becomes arguments of ssh, so it is checked. @throws CliError */
export function sshTargetOf(rental: Contract): SshLogin {
  const status = knownWord(CONTRACT_STATUSES, rental.status);
  if (!status || !HAS_MACHINE_IN_USE[status]) {
    throw unusable(`The machine cannot be reached: the contract is ${rental.status}`, rental);
  }
  const { provisioning_instance_details: text, gateway_subdomain, gateway_ssh_port } = rental;
  const { login, fault } = readSshLogin({ ...machineDetailsOf(text), gateway_subdomain, gateway_ssh_port });
  if (login === undefined) throw FAULTS[fault](rental);
  if (login.hostKey !== undefined) checkHostKey(login.hostKey);
  return login;
}

const FAULTS: Readonly<Record<SshLoginFault, (rental: Contract) => CliError>> = {
  'no-address': (rental) => unusable('The contract names no address of the machine yet', rental),
  'address-invalid': () => reportedWrong('MACHINE_ADDRESS_INVALID', 'an address'),
  'host-key-invalid': () => reportedWrong('HOST_KEY_INVALID', 'a host key'),
};

/**
 * Without a host key nothing shows which machine answers, and a provider may name any address: one of the tenant's own
 * host or network is not connected to unless they say so. Names count by what they resolve to.
 * @throws CliError
 */
export async function refusePrivateAddress(
  { host, hostKey }: SshLogin,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<void> {
  if (hostKey !== undefined) return;
  const found = isPrivateAddress(host) ? host : (await resolve(host)).find(isPrivateAddress);
  if (found === undefined) return;
  throw new CliError(
    EXIT.refused,
    'HOST_KEY_MISSING',
    `The machine is said to be at ${found}, in your own host or network, and its agent reported no host key`,
    'If you know that it is there: --allow-private. Otherwise tell the provider, and cancel the contract.',
  );
}

function checkHostKey(line: string): void {
  try {
    parseSshPublicKey(line);
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw reportedWrong('HOST_KEY_INVALID', 'a host key', error);
  }
}

const reportedWrong = (reason: CliReason, what: string, cause?: SshKeyError): CliError =>
  new CliError(
    EXIT.refused,
    reason,
    `The provider reported ${what} of the machine that is none`,
    'Cancel the contract, and tell the provider.',
    { cause },
  );
