import { installCrashPoints } from '@decent-cloud/kernel/crash-file';
import { Agent } from '../agent/agent.ts';
import { AlreadyRunningError } from '../agent/run-lock.ts';
import { withCrashPoints } from '../backends/crash-points.ts';
import { loadConfig } from '../config/load-config.ts';
import { createLogger, logLevel } from '../log.ts';
import { VERSION } from '../version.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { backendOf, clientOf, keysOf } from './open-config.ts';

const STOP_DEADLINE_MS = 20_000;

/** The service: runs until a signal ends it. */
export async function run(configPath: string): Promise<void> {
  const config = await loadConfig(configPath);
  const logger = createLogger(config.logFormat, logLevel(process.env));
  for (const warning of config.warnings) logger.warn(warning);
  const keys = keysOf(config);
  installCrashPoints();
  const backend = withCrashPoints(backendOf(config, logger));
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
  let ended: (error?: unknown) => void = () => undefined;
  const end = new Promise<void>((resolve, reject) => {
    ended = (error) => (error === undefined ? resolve() : reject(error));
  });
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended());
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
  }
  logger.info('agent has stopped');
}
