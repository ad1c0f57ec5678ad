const OF_EACH_WORKER = 2_500;
const WORKERS = 4;

/**
 * The first port for machines of this spec. Specs that run at the same time have different ones, and they lie below those
 * that the system gives away.
 */
export const FIRST_PORT = 10_000 + (Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS) * OF_EACH_WORKER;
