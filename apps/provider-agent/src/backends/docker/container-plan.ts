import type { ContainerCreateOptions } from 'dockerode';
import { z } from 'zod';
import type { MachineMarks } from '../../domain/machine.ts';
import { type MachineSpec, machineName } from '../../domain/machine.ts';
import { BackendError } from '../backend.ts';
import { labelsFor } from './labels.ts';
import type { DockerBackendOptions } from './settings.ts';

const MIB = 1024 ** 2;
export const DEFAULT_MEMORY_MB = 512;
export const DEFAULT_CPUS = 1;
const HOSTNAME_LENGTH = 63;

/** What root needs for packages, users and sshd; raw packets, devices and more of the kernel are not among it. */
const CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
  'SYS_CHROOT',
];

/**
 * Runs as the machine's first process. Keys of the host and of the tenant are made on the first start only: later ones
 * find what the tenant, or a rotation, has put there.
 */
function bootScript(sshPort: number): string {
  return `set -eu
trap 'exit 143' TERM
umask 077
mkdir -p /var/lib/dc /run/sshd /root/.ssh
chmod 755 /run/sshd
if [ ! -e /var/lib/dc/first-start.done ]; then
  rm -f /etc/ssh/ssh_host_*
  ssh-keygen -A
  printf 'root:*\\n' | chpasswd -e
  printf '%s\\n' "$SSH_PUBLIC_KEY" > /root/.ssh/authorized_keys
  chown -R 0:0 /root/.ssh
  sync
  : > /var/lib/dc/first-start.done
fi
unset SSH_PUBLIC_KEY
exec "$(command -v sshd || echo /usr/sbin/sshd)" -D -e -p ${sshPort} -o PidFile=none -o PermitRootLogin=yes \\
  -o PubkeyAuthentication=yes -o PasswordAuthentication=yes -o PermitEmptyPasswords=no -o MaxAuthTries=4`;
}

export interface ContainerPlan {
  readonly spec: MachineSpec;
  readonly marks: MachineMarks;
  readonly keyLines: readonly string[];
  readonly image: string;
  readonly port: number;
  readonly limitsDisk: boolean;
}

/** Everything that the engine is told about a new machine. */
export function containerOptions(plan: ContainerPlan, options: DockerBackendOptions): ContainerCreateOptions {
  const { spec, marks, port } = plan;
  const name = machineName(marks.contractId, marks.generation);
  const inside = `${options.sshPort}/tcp`;
  const memory = (spec.memoryMb ?? DEFAULT_MEMORY_MB) * MIB;
  return {
    name,
    Hostname: name.slice(0, HOSTNAME_LENGTH),
    Image: plan.image,
    User: '0:0',
    WorkingDir: '/root',
    Entrypoint: [],
    Cmd: ['/bin/sh', '-c', bootScript(options.sshPort)],
    Env: [`SSH_PUBLIC_KEY=${plan.keyLines.join('\n')}`],
    Labels: labelsFor(marks, port),
    ExposedPorts: { [inside]: {} },
    HostConfig: {
      PortBindings: { [inside]: [{ HostIp: options.publishAddress, HostPort: String(port) }] },
      NetworkMode: options.network,
      RestartPolicy: { Name: 'unless-stopped' },
      NanoCpus: (spec.cpuCores ?? DEFAULT_CPUS) * 1_000_000_000,
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: options.pidsLimit,
      SecurityOpt: ['no-new-privileges:true'],
      CapDrop: ['ALL'],
      CapAdd: CAPABILITIES,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
      ...(plan.limitsDisk && spec.storageGb && { StorageOpt: { size: `${spec.storageGb}G` } }),
    },
  };
}

const instanceConfig = z.object({ image: z.string().min(1).max(512).optional() });

/** The offering's image, else the configured one. @throws BackendError when the offering's settings cannot be read */
export function imageFor(spec: MachineSpec, defaultImage: string): string {
  if (!spec.provisionerConfig) return defaultImage;
  let value: unknown;
  try {
    value = JSON.parse(spec.provisionerConfig);
  } catch (error) {
    throw unreadable(error);
  }
  const parsed = instanceConfig.safeParse(value);
  if (!parsed.success) throw unreadable(parsed.error);
  return parsed.data.image ?? defaultImage;
}

function unreadable(cause: unknown): BackendError {
  return new BackendError(
    {
      class: 'config',
      code: 'BAD_PROVISIONER_CONFIG',
      message: 'the settings of the offering cannot be read: they must be JSON such as {"image":"name:tag"}',
    },
    { cause },
  );
}
