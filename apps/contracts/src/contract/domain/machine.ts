import { NS_PER_HOUR } from '@decent-cloud/kernel';
import type { FactPayload, facts } from '@decent-cloud/messages';
import type { Change, Contract, Step } from './contract.ts';
import type { MachineDetails } from './contract-parts.ts';
import { isFinal } from './status.ts';

/*
 * What agents report, fenced: an older generation changes nothing, and neither does anything that comes too late. A
 * report that says more than the ones before it (a machine without a beginning) implies them.
 */

type Machine = FactPayload<typeof facts.provisioningStarted>;

const bySystem = { actor: 'system', changedBy: 'system' } as const;
const byProvider = (contract: Contract) =>
  ({ actor: 'provider', changedBy: contract.providerPublicKey }) as const;

/** An agent was given the job. Noted after the end, too: then there may be a machine to remove. */
export function machineAssigned(contract: Contract, fact: Machine): Change | undefined {
  const { generation, atNs } = fact;
  const { attempts, agentAssignedAtNs, attemptStartedAtNs } = contract;
  const raised = isStale(contract, fact) ? undefined : raisedGeneration(contract, fact);
  const set = {
    ...raised?.set,
    ...impliedAttempt(contract, generation),
    ...(agentAssignedAtNs === null || atNs < agentAssignedAtNs ? { agentAssignedAtNs: atNs } : {}),
    ...(generation > attempts || (generation === attempts && attemptStartedAtNs === null)
      ? { attemptStartedAtNs: atNs }
      : {}),
  };
  return Object.keys(set).length > 0 ? { set } : undefined;
}

export function provisioningStarted(contract: Contract, fact: Machine): Change | undefined {
  if (isStale(contract, fact)) return undefined;
  if (contract.status === 'accepted') {
    return {
      set: { machineGeneration: fact.generation, ...impliedAttempt(contract, fact.generation) },
      steps: [{ to: 'provisioning', ...byProvider(contract) }],
    };
  }
  return raisedGeneration(contract, fact);
}

export function machineProvisioned(
  contract: Contract,
  fact: FactPayload<typeof facts.machineProvisioned>,
  nowNs: bigint,
): Change | undefined {
  if (isStale(contract, fact)) return undefined;
  if (isFinal(contract.status)) return undefined;
  if (contract.status !== 'accepted' && contract.status !== 'provisioning') return renewed(contract, fact);
  const steps: Step[] = [];
  if (contract.status === 'accepted') steps.push({ to: 'provisioning', ...byProvider(contract) });
  steps.push({ to: 'provisioned', ...byProvider(contract) });
  if (contract.autoAccept) steps.push({ to: 'active', ...bySystem });
  return {
    set: {
      machineGeneration: fact.generation,
      ...impliedAttempt(contract, fact.generation),
      machineMadeAtNs: fact.atNs,
      instanceDetails: detailsOf(fact.instance),
      instanceAtNs: fact.atNs,
      provisioningCompletedAtNs: nowNs,
      endsAtNs: nowNs + BigInt(contract.durationHours) * NS_PER_HOUR,
    },
    steps,
    events: [{ eventType: 'provisioned', actor: 'provider' }],
    credentials: ownCredentials(contract, fact),
  };
}

/** Made again, or taken over by an agent that had forgotten it: perhaps it is reached in another way now. */
function renewed(contract: Contract, fact: FactPayload<typeof facts.machineProvisioned>): Change | undefined {
  const { instanceAtNs, machineWantedAgainAtNs } = contract;
  if (instanceAtNs !== null && fact.atNs <= instanceAtNs) return raisedGeneration(contract, fact);
  const instanceDetails = detailsOf(fact.instance);
  const isMadeAgain = machineWantedAgainAtNs !== null;
  if (!isMadeAgain && isSame(instanceDetails, contract.instanceDetails))
    return raisedGeneration(contract, fact);
  return {
    set: {
      machineGeneration: fact.generation,
      ...impliedAttempt(contract, fact.generation),
      instanceDetails,
      instanceAtNs: fact.atNs,
      machineWantedAgainAtNs: null,
    },
    events: [{ eventType: isMadeAgain ? 'machine_made_again' : 'machine_moved', actor: 'provider' }],
    machineChange: isMadeAgain ? 'made-again' : 'moved',
    credentials: ownCredentials(contract, fact),
  };
}

const ownCredentials = (contract: Contract, fact: FactPayload<typeof facts.machineProvisioned>) =>
  fact.credentials.filter((sealed) => contract.encryptionPublicKeys.includes(sealed.recipientPublicKey));

export function provisioningFailed(
  contract: Contract,
  fact: FactPayload<typeof facts.provisioningFailed>,
): Change | undefined {
  if (isStale(contract, fact)) return undefined;
  if (contract.machineWantedAgainAtNs !== null && !isFinal(contract.status)) {
    return {
      set: { machineGeneration: fact.generation },
      steps: [{ to: 'cancelled', ...bySystem, reason: 'MACHINE_LOST', memo: fact.message }],
    };
  }
  if (contract.status !== 'accepted' && contract.status !== 'provisioning') {
    return raisedGeneration(contract, fact);
  }
  return {
    set: {
      machineGeneration: fact.generation,
      failureMessage: fact.message,
      // Without an agent there may have been no attempt at all.
      ...(fact.reason === 'NO_AGENT_AVAILABLE' ? {} : impliedAttempt(contract, fact.generation)),
    },
    steps: [{ to: 'provisioningfailed', ...byProvider(contract), reason: fact.reason, memo: fact.message }],
  };
}

export function machineRemoved(contract: Contract, fact: Machine): Change | undefined {
  if (isStale(contract, fact)) return undefined;
  if (!isFinal(contract.status)) return raisedGeneration(contract, fact);
  if (contract.terminatedAtNs !== null) return undefined;
  return { set: { machineGeneration: fact.generation, terminatedAtNs: fact.atNs } };
}

/** Whoever speaks of a generation has been given the job so often; since when is for `machineAssigned` to say. */
function impliedAttempt({ attempts }: Contract, generation: number) {
  return generation > attempts ? { attempts: generation, attemptStartedAtNs: null } : {};
}

const isStale = (contract: Contract, fact: { generation: number }): boolean =>
  fact.generation < contract.machineGeneration;

/** Final contracts stay as they are, to the last column. */
function raisedGeneration(contract: Contract, fact: { generation: number }): Change | undefined {
  if (isFinal(contract.status) || fact.generation === contract.machineGeneration) return undefined;
  return { set: { machineGeneration: fact.generation } };
}

/** How to reach a machine: the members that are known. */
function detailsOf(instance: FactPayload<typeof facts.machineProvisioned>['instance']): MachineDetails {
  const details: MachineDetails = {
    external_id: instance.externalId,
    provisioner_type: instance.provisionerType,
    public_ip: instance.publicIp,
    ip_address: instance.ipAddress,
    ipv6_address: instance.ipv6Address,
    ssh_port: instance.sshPort,
    ssh_user: instance.sshUser,
    ssh_host_key: instance.sshHostKey,
    additional_details: instance.additionalDetails,
    gateway_slug: instance.gatewaySlug,
    gateway_subdomain: instance.gatewaySubdomain,
    gateway_ssh_port: instance.gatewaySshPort,
    gateway_port_range_start: instance.gatewayPortRangeStart,
    gateway_port_range_end: instance.gatewayPortRangeEnd,
  };
  const known = Object.entries(details).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as MachineDetails;
}

function isSame(left: MachineDetails, right: MachineDetails | null): boolean {
  const names = Object.keys({ ...left, ...right }) as (keyof MachineDetails)[];
  return names.every((name) => left[name] === right?.[name]);
}
