import { BackendError, type VerifyFinding } from '../backend.ts';
import type { Engine, EngineInfo } from './engine.ts';
import type { DockerBackendOptions } from './settings.ts';

const GIB = 1024 ** 3;
const DRIVERS_WITH_LIMIT = ['btrfs', 'zfs', 'devicemapper', 'windowsfilter'];

/** May the size of a machine's disk be limited? On overlay2 only the attempt shows it. */
export function mayLimitDisk({ Driver, DriverStatus }: EngineInfo): boolean {
  const backing = DriverStatus?.find(([name]) => name === 'Backing Filesystem')?.[1];
  return DRIVERS_WITH_LIMIT.includes(Driver) || (Driver === 'overlay2' && backing === 'xfs');
}

/** Looks at the engine and at what the settings name; changes nothing. */
export async function verifyEngine(
  engine: Engine,
  options: DockerBackendOptions,
  isPortFree: () => Promise<void>,
): Promise<VerifyFinding[]> {
  try {
    await engine.ping();
  } catch (error) {
    return [
      {
        id: 'engine',
        status: 'fail',
        detail: `no engine answers at ${options.socketPath}: ${(error as Error).message}`,
        fix: 'start Docker, let the user that runs the agent use its socket, or set socket_path in [provisioner.docker]',
      },
    ];
  }
  const info = await engine.info();
  return [
    {
      id: 'engine',
      status: 'ok',
      detail: `Docker ${info.ServerVersion}, ${info.NCPU} CPUs, ${Math.floor(info.MemTotal / GIB)} GiB`,
    },
    await imageFinding(engine, options),
    ...(await networkFindings(engine, options.network)),
    limitsFinding(info),
    diskFinding(info),
    ...(await addressFindings(options, isPortFree)),
  ];
}

async function imageFinding(
  engine: Engine,
  { defaultImage, pullImages }: DockerBackendOptions,
): Promise<VerifyFinding> {
  if (await engine.image(defaultImage)) return { id: 'image', status: 'ok', detail: defaultImage };
  return {
    id: 'image',
    status: pullImages ? 'warn' : 'fail',
    detail: `${defaultImage} is not on this host${pullImages ? ' yet: the first machine pulls it' : ''}`,
    fix: `docker pull ${defaultImage}`,
  };
}

async function networkFindings(engine: Engine, name: string): Promise<VerifyFinding[]> {
  const network = await engine.network(name);
  if (!network) {
    return [
      {
        id: 'network',
        status: 'fail',
        detail: `there is no network "${name}"`,
        fix: `docker network create -o com.docker.network.bridge.enable_icc=false ${name}`,
      },
    ];
  }
  const isolates = network.Options?.['com.docker.network.bridge.enable_icc'] === 'false';
  return [
    isolates
      ? { id: 'network', status: 'ok', detail: `${name}, machines cannot reach each other` }
      : {
          id: 'network',
          status: 'warn',
          detail: `machines on the network "${name}" can reach each other`,
          fix: 'use a network made with -o com.docker.network.bridge.enable_icc=false',
        },
    ...(network.EnableIPv6
      ? []
      : [{ id: 'ipv6', status: 'warn' as const, detail: `the network "${name}" has no IPv6` }]),
  ];
}

function limitsFinding({ MemoryLimit, CpuCfsQuota, PidsLimit }: EngineInfo): VerifyFinding {
  const missing = Object.entries({ memory: MemoryLimit, CPU: CpuCfsQuota, processes: PidsLimit })
    .filter(([, isThere]) => !isThere)
    .map(([name]) => name);
  return missing.length === 0
    ? { id: 'limits', status: 'ok', detail: 'memory, CPU and processes' }
    : {
        id: 'limits',
        status: 'fail',
        detail: `this host cannot limit ${missing.join(', ')}`,
        fix: 'enable these controllers of cgroups',
      };
}

function diskFinding(info: EngineInfo): VerifyFinding {
  return mayLimitDisk(info)
    ? { id: 'disk', status: 'ok', detail: `${info.Driver} can limit a machine's disk` }
    : {
        id: 'disk',
        status: 'warn',
        detail: `${info.Driver} on this file system cannot limit a machine's disk`,
        fix: 'keep the images of Docker on XFS with pquota, on btrfs or on ZFS',
      };
}

async function addressFindings(
  options: DockerBackendOptions,
  isPortFree: () => Promise<void>,
): Promise<VerifyFinding[]> {
  const { publishAddress, publicAddress, portRangeStart, portRangeEnd, maxMachines } = options;
  const ports = `${portRangeStart} to ${portRangeEnd} on ${publishAddress}, at most ${maxMachines} machines`;
  const findings: VerifyFinding[] = [
    {
      id: 'address',
      status: publicAddress.startsWith('127.') ? 'warn' : 'ok',
      detail: `tenants are told ${publicAddress}`,
      ...(publicAddress.startsWith('127.') && {
        fix: 'set publish_address, and public_address where it differs, in [provisioner.docker]',
      }),
    },
  ];
  try {
    await isPortFree();
    findings.push({ id: 'ports', status: 'ok', detail: ports });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    findings.push({
      id: 'ports',
      status: 'fail',
      detail: error.message,
      fix: 'set publish_address, port_range_start and port_range_end in [provisioner.docker]',
    });
  }
  return findings;
}
