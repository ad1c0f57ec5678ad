import { parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import { isHostAddress, isPrivateAddress } from '@decent-cloud/kernel';
import type { contract } from '@decent-cloud/messages/contracts';
import type { Output } from '@decent-cloud/messages/endpoint';
import { knownWord } from '@decent-cloud/messages/schema';
import { CONTRACT_STATUSES, HAS_MACHINE_IN_USE } from '@decent-cloud/messages/words';
import { isOver } from '../contract-states.ts';
import { CliError, EXIT } from '../exit.ts';

export type Contract = Output<typeof contract>;

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA…`, as the agent saw it on the machine. */
  readonly hostKey: string | undefined;
}

const USER = /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/;

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
export function sshTargetOf(rental: Contract): SshTarget {
  const status = knownWord(CONTRACT_STATUSES, rental.status);
  if (!status || !HAS_MACHINE_IN_USE[status]) {
    throw unusable(`The machine cannot be reached: the contract is ${rental.status}`, rental);
  }
  const machine = readDetails(rental.provisioning_instance_details);
  const direct = textOf(machine.public_ip) ?? textOf(machine.ip_address);
  const gateway = rental.gateway_ssh_port !== undefined ? rental.gateway_subdomain : undefined;
  const host = gateway ?? direct;
  if (host === undefined) throw unusable('The contract names no address of the machine yet', rental);
  const port = gateway === undefined ? Number(machine.ssh_port ?? 22) : (rental.gateway_ssh_port ?? 22);
  const user = textOf(machine.ssh_user) ?? 'root';
  if (!isHostAddress(host) || !USER.test(user) || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new CliError(
      EXIT.refused,
      'MACHINE_ADDRESS_INVALID',
      'The provider reported an address of the machine that is none',
      'Cancel the contract, and tell the provider.',
    );
  }
  return { host, port, user, hostKey: hostKeyOf(textOf(machine.ssh_host_key)) };
}

/**
 * Without a host key nothing shows which machine answers, and a provider may name any address: one of the tenant's own
 * host or network is not connected to unless they say so. Names count by what they resolve to.
 * @throws CliError
 */
export async function refusePrivateAddress(
  { host, hostKey }: SshTarget,
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

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function readDetails(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    // Providers of old may have written plain text.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function hostKeyOf(line: string | undefined): string | undefined {
  if (line === undefined) return undefined;
  try {
    const { type } = parseSshPublicKey(line);
    return `${type} ${line.trim().split(/\s+/)[1]}`;
  } catch (error) {
    if (!(error instanceof SshKeyError)) throw error;
    throw new CliError(
      EXIT.refused,
      'HOST_KEY_INVALID',
      'The provider reported a host key of the machine that is none',
      'Cancel the contract, and tell the provider.',
      { cause: error },
    );
  }
}

/** The line of a known_hosts file. */
export function knownHostsLine({ host, port, hostKey }: SshTarget): string {
  return `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
}

/** One line for any shell that logs in without this program, and trusts no other host key. */
export function plainSshLine(target: SshTarget, contractId: string): string {
  const { host, port, user, hostKey } = target;
  const login = `-p ${port} -l ${user} -- ${host}`;
  if (hostKey === undefined) return `ssh ${login}`;
  const file = `~/.ssh/dc-${contractId.slice(0, 16)}`;
  const line = knownHostsLine(target).trim();
  return `echo '${line}' > ${file} && ssh -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=yes ${login}`;
}
