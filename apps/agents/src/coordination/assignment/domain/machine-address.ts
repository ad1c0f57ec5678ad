import { parseSshPublicKey, SshKeyError } from '@decent-cloud/identity';
import { isHostAddress, isIpv6Address } from '@decent-cloud/kernel';
import type { AgentEvent } from '@decent-cloud/messages';
import { isSshUser } from '@decent-cloud/messages/contracts';
import type { MachineEvent } from './decide-event.ts';

type Instance = Extract<AgentEvent, { kind: 'provisioned' }>['payload']['instance'];
export type Address = Partial<
  Pick<Instance, 'publicIp' | 'ipAddress' | 'ipv6Address' | 'gatewaySubdomain' | 'sshUser' | 'sshHostKey'>
>;

const FORMS: Readonly<Record<keyof Address, readonly [(text: string) => boolean, string]>> = {
  publicIp: [isHostAddress, 'is no IP address or host name'],
  ipAddress: [isHostAddress, 'is no IP address or host name'],
  ipv6Address: [isIpv6Address, 'is no IPv6 address'],
  gatewaySubdomain: [isHostAddress, 'is no host name'],
  sshUser: [isSshUser, 'is no user name'],
  sshHostKey: [isSshKey, 'is no public SSH key'],
};

function isSshKey(line: string): boolean {
  try {
    parseSshPublicKey(line);
    return true;
  } catch (error) {
    if (error instanceof SshKeyError) return false;
    throw error;
  }
}

/** What of this cannot be how a machine is reached; an empty text is nothing said. Values are not quoted. */
export function faultOfAddress(instance: Address): string | undefined {
  for (const [name, [isOne, fault]] of Object.entries(FORMS)) {
    const text = instance[name as keyof Address];
    if (text !== undefined && text !== '' && !isOne(text)) return `${name} ${fault}`;
  }
  return undefined;
}

/** Where this agent had the contract's machine last: one that it makes again is to be reached there too. */
export function portBefore(
  machines: readonly {
    readonly agentPublicKey: string;
    readonly generation: number;
    readonly instance: { readonly sshPort: number } | null;
  }[],
  agentPublicKey: string,
): number | undefined {
  return machines
    .filter((machine) => machine.agentPublicKey === agentPublicKey && machine.instance !== null)
    .sort((a, b) => b.generation - a.generation)[0]?.instance?.sshPort;
}

/** A machine that nobody could reach is one that could not be made: so its provider reads why, and it is removed. */
export function withUsableAddress(event: MachineEvent): MachineEvent {
  if (event.kind !== 'provisioned') return event;
  const fault = faultOfAddress(event.payload.instance);
  if (fault === undefined) return event;
  const message = `the agent reported a machine that nobody can reach: ${fault}`;
  const payload = {
    class: 'permanent' as const,
    code: 'ADDRESS_INVALID' as const,
    message,
    resourcesLeft: [],
  };
  return { ...event, kind: 'failed', payload };
}
