import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, portRange, text } from '../table-fields.ts';

const table = z.strictObject({
  socket_path: z.string().default('/var/run/docker.sock'),
  network: text().default('bridge'),
  default_image: text().default('ghcr.io/decent-stuff/dc-agent-ssh:latest'),
  ssh_port: count(1, 65_535).default(22),
  pull_images: z.boolean().default(true),
  publish_address: z.ipv4().default('0.0.0.0'),
  public_address: text().optional(),
  ...portRange(32_000, 32_767),
  max_machines: count(1, 1_000).default(50),
  pids_limit: count(16).default(512),
  script_timeout_seconds: count(1, 3_600).default(300),
});

/** Containers of an engine on this host. */
export const docker: BackendDeclaration<typeof table> = {
  table,
  service: ({ socket_path }) => ({
    after: ['docker.service'],
    groups: [{ name: 'docker', why: 'The socket of the engine: whoever may use it can do as much as root.' }],
    sees: [socket_path],
  }),
  async open(settings, { environment, agent }) {
    const { DockerBackend } = await import('./docker-backend.ts');
    return new DockerBackend({
      socketPath: settings.socket_path,
      network: settings.network,
      defaultImage: settings.default_image,
      pullImages: settings.pull_images,
      sshPort: settings.ssh_port,
      publishAddress: settings.publish_address,
      publicAddress: settings.public_address ?? reachableAddress(settings.publish_address),
      portRangeStart: settings.port_range_start,
      portRangeEnd: settings.port_range_end,
      maxMachines: settings.max_machines,
      pidsLimit: settings.pids_limit,
      scriptSeconds: settings.script_timeout_seconds,
      environment,
      agent,
    });
  },
};

/** Published on all addresses: the first one of this host that others can know. */
function reachableAddress(publishAddress: string): string {
  if (publishAddress !== '0.0.0.0') return publishAddress;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
