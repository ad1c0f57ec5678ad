import { join } from 'node:path';
import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, portRange, text } from '../table-fields.ts';

const table = z.strictObject({
  data_dir: text().optional(),
  ...portRange(22_000, 22_999),
  max_machines: count(1, 1_000).default(50),
});

/** Folders on this host, for trying out. */
export const local: BackendDeclaration<typeof table> = {
  table,
  notInProduction: 'gives no isolation and is for trying out',
  isServedByAgent: true,
  worksAsItIs:
    'Local machines are folders on this host without isolation, reachable from 127.0.0.1 only: for trying out.',
  service: ({ data_dir }) => ({
    programsStay: true,
    ...(data_dir !== undefined && { writes: [data_dir] }),
  }),
  async open(settings, { dataDir, logger }) {
    const { LocalBackend } = await import('./local-backend.ts');
    return new LocalBackend({
      folder: settings.data_dir ?? join(dataDir, 'machines'),
      portRangeStart: settings.port_range_start,
      portRangeEnd: settings.port_range_end,
      maxMachines: settings.max_machines,
      onFault: (error, what) => logger.error({ error, what }, 'fault of a local machine'),
    });
  },
};
