import type { BackendFailure } from './backend.ts';

const NO_ROOM = ['ENOSPC', 'EDQUOT'];

/** What a full disk of the provider means: another agent may have room. Undefined: it is something else. */
export function diskFullFailure(error: unknown): BackendFailure | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (!NO_ROOM.includes((one as NodeJS.ErrnoException).code ?? '')) continue;
    return { class: 'capacity', code: 'DISK_FULL', message: 'the disk of the provider is full' };
  }
  return undefined;
}
