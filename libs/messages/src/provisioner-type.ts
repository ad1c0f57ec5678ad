import { z } from 'zod';

/** What makes machines: a backend of the agent, or (`proxmox_api`) of resold clouds. */
export const PROVISIONER_TYPES = [
  'docker',
  'proxmox',
  'hetzner',
  'digitalocean',
  'vultr',
  'script',
  'manual',
  'local',
  'proxmox_api',
] as const;

export const provisionerType = () =>
  z.enum(PROVISIONER_TYPES, {
    error: ({ input }) =>
      `Invalid provisioner type '${String(input).slice(0, 64)}': must be one of: ${PROVISIONER_TYPES.join(', ')}`,
  });
