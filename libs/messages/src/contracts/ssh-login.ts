import { isHostAddress, isPrivateAddress } from '@decent-cloud/kernel';
import { z } from 'zod';
import { int32 } from '../wire/schema.ts';

const USER = /^[A-Za-z_][A-Za-z0-9._-]{0,63}$/;
/** Type and base64, without a comment. */
const HOST_KEY = /^[a-z][a-z0-9@.-]{0,63} AAAA[A-Za-z0-9+/]*={0,2}$/;

export const isSshUser = (text: string): boolean => USER.test(text);

/** Where a machine lets its tenant in. No secret is in here, and nothing that a shell or ssh reads as something else. */
export const sshLogin = z.object({
  host: z.string().max(255).refine(isHostAddress, { error: 'is no IP address or host name' }),
  port: int32(1, 65_535),
  user: z.string().regex(USER),
  /** `ssh-ed25519 AAAA…`, as the agent saw it on the machine; absent when it has not said. */
  hostKey: z.string().max(16_384).regex(HOST_KEY).optional(),
});
export type SshLogin = z.output<typeof sshLogin>;

/** How a machine is reached, as contracts show it (`provisioning_instance_details`). */
export type MachineDetails = Readonly<Record<string, unknown>>;

/** The members of the text; none when there is no such text, or providers of old have written plain words. */
export function machineDetailsOf(text: string | null | undefined): MachineDetails {
  if (text === undefined || text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as MachineDetails) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

export type SshLoginFault = 'no-address' | 'address-invalid' | 'host-key-invalid';
export type SshLoginRead =
  | { readonly login: SshLogin; readonly fault?: never }
  | { readonly login?: never; readonly fault: SshLoginFault };

/** Where to log in: the provider's gateway before the public address, that before the inner one. */
export function readSshLogin(machine: MachineDetails): SshLoginRead {
  const gatewayPort = machine.gateway_ssh_port ?? undefined;
  const gateway = gatewayPort === undefined ? undefined : textOf(machine.gateway_subdomain);
  const host = gateway ?? textOf(machine.public_ip) ?? textOf(machine.ip_address);
  if (host === undefined) return { fault: 'no-address' };
  const read = sshLogin.safeParse({
    host,
    port: Number((gateway === undefined ? machine.ssh_port : gatewayPort) ?? 22),
    user: textOf(machine.ssh_user) ?? 'root',
    hostKey: textOf(machine.ssh_host_key)?.trim().split(/\s+/).slice(0, 2).join(' '),
  });
  if (read.success) return { login: read.data };
  const isKeyAlone = read.error.issues.every(({ path }) => path[0] === 'hostKey');
  return { fault: isKeyAlone ? 'host-key-invalid' : 'address-invalid' };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The line of a known_hosts file, with its end. */
export function knownHostsLine({ host, port, hostKey }: SshLogin): string {
  return `${port === 22 ? host : `[${host}]:${port}`} ${hostKey}\n`;
}

/**
 * One line for a shell that logs in with OpenSSH alone. It keeps the host key in a file of the rental's own, and trusts
 * no other; without one ssh itself asks.
 */
export function plainSshLine(login: SshLogin, contractId: string, identityFile?: string): string {
  const { host, port, user, hostKey } = login;
  const identity = identityFile === undefined ? '' : ` -i ${shellWord(identityFile)}`;
  const place = `${identity} -p ${port} -l ${shellWord(user)} -- ${shellWord(host)}`;
  if (hostKey === undefined) return `ssh${place}`;
  const file = `~/.ssh/${shellWord(`dc-${contractId.slice(0, 16)}`)}`;
  const kept = `mkdir -p ~/.ssh && echo ${quoted(knownHostsLine(login).trimEnd())} > ${file}`;
  return `${kept} && ssh -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=yes${place}`;
}

/** What a person has to check before they log in to a machine whose host key nobody has reported. */
export function hostKeyAdvice({ host, hostKey }: SshLogin): string | undefined {
  if (hostKey !== undefined) return undefined;
  const whose = isPrivateAddress(host)
    ? ' The address is one of your own computer or network: connect only if you know that the machine is there.'
    : '';
  return `The provider's agent reported no host key, so ssh asks whether you trust the one that it finds. Before you answer yes, ask the provider for the fingerprint and compare.${whose}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const shellWord = (text: string): string => (/^[A-Za-z0-9_.:@%+,/-]+$/.test(text) ? text : quoted(text));
