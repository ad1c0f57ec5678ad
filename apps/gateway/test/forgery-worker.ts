import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { nativeVerifier, portableVerifier } from '../src/auth/verifier.ts';
import { judgeForgeries } from './forgeries.ts';

/** One thread of `npm run fuzz:signatures`. */
const native = nativeVerifier(createRequire(import.meta.url)('sodium-native'));
parentPort?.postMessage(judgeForgeries([native, portableVerifier], workerData));
