/** A rental as a process, and where it can be interrupted. */
export * from './process/crash-points.ts';
export * from './process/rental-process.ts';
