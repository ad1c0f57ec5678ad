import { join } from 'node:path';
import { ROOT } from '../install/install.mjs';

/**
 * Of the Node that runs our programs on this computer. Objects that die young get little room: each process would grow to
 * 33 MB of them. Stack traces name lines of the bundle, unless somebody asks for those of the sources.
 */
export const nodeArguments = [
  '--max-semi-space-size=2',
  ...(process.env.DC_SOURCE_MAPS === '1' ? ['--enable-source-maps'] : []),
];

/**
 * What V8 makes of a bundle is kept, for the next start. What glibc gets in pieces of this size it gives back, which it
 * does not with a threshold that moves.
 */
export const nodeEnvironment = {
  NODE_COMPILE_CACHE: join(ROOT, '.data/compile-cache'),
  MALLOC_MMAP_THRESHOLD_: '65536',
};
