import type { Logger } from './logging.ts';

/**
 * Ends this process in order on SIGTERM and SIGINT, with a limit; on an error that nobody handled it ends at once, with
 * code 1: whoever supervises it starts a fresh one.
 */
export function endOnSignals(logger: Logger, deadlineSeconds: number, stop: () => Promise<void>): void {
  let ending = false;
  const end = (why: string): void => {
    if (ending) return;
    ending = true;
    logger.info(`${why}: stopping`);
    setTimeout(() => {
      logger.error(`not stopped after ${deadlineSeconds} s: ending anyway`);
      process.exit(1);
    }, deadlineSeconds * 1_000).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
  process.on('uncaughtException', (error) => {
    logger.fatal({ error }, 'an error that nobody handled');
    process.exit(1);
  });
}
