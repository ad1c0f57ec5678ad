import { installCrashPoints } from '@decent-cloud/kernel/crash-file';
import { Agent } from '../agent/agent.ts';
import { AlreadyRunningError } from '../agent/run-lock.ts';
import { withCrashPoints } from '../backends/crash-points.ts';
import { loadConfig } from '../config/load-config.ts';
import { currentProxy } from '../link/proxy.ts';
import { createLogger, type Logger, logLevel } from '../log.ts';
import { VERSION } from '../version.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { clientOf, keysOf, openBackend } from './open-config.ts';

const STOP_DEADLINE_MS = 20_000;
const LINGER_MS = 500;

/** The service: runs until a signal ends it. */
export async function run(configPath: string, open = openBackend): Promise<void> {
  const config = await loadConfig(configPath);
  const logger = createLogger(config.logFormat, logLevel(process.env));
  let ended: (error?: unknown) => void = () => undefined;
  const end = new Promise<void>((resolve, reject) => {
    ended = (error) => (error === undefined ? resolve() : reject(error));
  });
  // It may fail before anybody waits for it.
  end.catch(() => undefined);
  onSignals(logger, () => ended());
  for (const warning of config.warnings) logger.warn(warning);
  const proxy = currentProxy();
  if (proxy)
    logger.info(
      { proxy: proxy.origin, ...(proxy.exceptions && { except: proxy.exceptions }) },
      'https:// and wss:// go through a proxy',
    );
  const keys = keysOf(config);
  installCrashPoints();
  const backend = withCrashPoints(await open(config, logger));
  const findings = await backend.verify();
  for (const { id, status, detail, fix } of findings) {
    if (status !== 'ok') logger[status === 'warn' ? 'warn' : 'error']({ id, fix }, detail);
  }
  if (findings.some(({ status }) => status === 'fail')) {
    throw new CommandError(
      EXIT.failure,
      `the provisioner "${backend.type}" cannot be used: see \`dc-agent doctor\``,
    );
  }
  let agent: Agent;
  try {
    agent = await Agent.start({
      keys,
      client: clientOf(config, keys),
      backend,
      logger,
      environment: config.environment,
      dataDir: config.dataDir,
      journalPath: config.journalPath,
      maxParallelProvisions: config.maxParallelProvisions,
      platformPublicKey: config.api.platform_public_key,
      natsUrls: config.nats.urls,
      caFile: config.nats.tls_ca,
      onFatal: (error) => ended(error),
    });
  } catch (error) {
    if (error instanceof AlreadyRunningError)
      throw new CommandError(EXIT.failure, error.message, { cause: error });
    throw error;
  }
  logger.info(
    { version: VERSION, agent: keys.publicKeyHex, provisioner: backend.type, api: config.api.endpoint },
    'agent is running',
  );
  try {
    await end;
  } finally {
    const late = setTimeout(() => {
      logger.error('the agent did not stop in time');
      process.exit(EXIT.failure);
    }, STOP_DEADLINE_MS);
    await agent.stop();
    clearTimeout(late);
    // A backend that does not let go must not keep the process: what it was doing goes on after the next start.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
  logger.info('agent has stopped');
}

/**
 * The first signal ends it in order, the same one again at once: the journal is good at every moment. A terminal and a
 * supervisor may each send their own for one and the same wish.
 */
function onSignals(logger: Logger, end: () => void): void {
  const heard = new Set<string>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (heard.has(signal)) {
        logger.warn({ signal }, 'told to end a second time: ending at once');
        process.exit(EXIT.ok);
      }
      heard.add(signal);
      logger.info({ signal }, 'ending; the same signal again ends at once');
      end();
    });
  }
}
