import type { FailureCode } from '@decent-cloud/messages/words';
import type { MachineSpec } from '../../domain/machine.ts';
import { BackendError, type HostSize } from '../backend.ts';
import { DEFAULT_CPUS, DEFAULT_MEMORY_MB } from './container-plan.ts';
import type { EngineInfo } from './engine.ts';

const MIB = 1024 ** 2;

export const hostSizeOf = ({ NCPU, MemTotal }: Pick<EngineInfo, 'NCPU' | 'MemTotal'>): HostSize => ({
  cpuCores: NCPU,
  memoryTotalMb: Math.floor(MemTotal / MIB),
});

/** The engine would promise more memory than there is. @throws BackendError for a machine that never fits this host */
export function mustFitHost(
  { cpuCores = DEFAULT_CPUS, memoryMb = DEFAULT_MEMORY_MB }: Pick<MachineSpec, 'cpuCores' | 'memoryMb'>,
  host: HostSize,
): void {
  const tooBig = (code: FailureCode, has: string, wanted: string) =>
    new BackendError({
      class: 'config',
      code,
      message: `the host has ${has}, the machine is to have ${wanted}`,
    });
  if (cpuCores > host.cpuCores) throw tooBig('TOO_MANY_CPUS', `${host.cpuCores} CPUs`, `${cpuCores}`);
  if (memoryMb > host.memoryTotalMb) {
    throw tooBig('TOO_MUCH_MEMORY', `${host.memoryTotalMb} MiB of memory`, `${memoryMb}`);
  }
}
