import { systemClock } from '@decent-cloud/kernel';
import { holderOf } from '../agent/run-lock.ts';
import { loadConfig } from '../config/load-config.ts';
import { refuseOpenFile } from '../config/secrets.ts';
import { openSession, type Session, VISIT } from '../link/session.ts';
import { visitBroker } from '../link/visit.ts';
import { createLogger } from '../log.ts';
import { CommandError, EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { clientOf, keysOf, openBackend } from './open-config.ts';

interface Check {
  readonly id: string;
  readonly status: 'ok' | 'fail' | 'skip';
  readonly detail: string;
}

/** Everything that `run` needs, tried without starting anything. The first fault gives the exit code. */
export async function runCheck(configPath: string, options: { readonly json?: boolean }): Promise<void> {
  const config = await loadConfig(configPath);
  const checks: Check[] = [{ id: 'config', status: 'ok', detail: config.file }];
  let exitCode: ExitCode = EXIT.ok;
  const attempt = async (id: string, otherwise: ExitCode, work: () => Promise<string>): Promise<void> => {
    try {
      checks.push({ id, status: 'ok', detail: await work() });
    } catch (error) {
      const code = exitCodeOf(error);
      if (exitCode === EXIT.ok) exitCode = code === EXIT.failure ? otherwise : code;
      checks.push({ id, status: 'fail', detail: error instanceof Error ? error.message : String(error) });
    }
  };
  await attempt('key', EXIT.configuration, async () => {
    const keys = keysOf(config);
    if (config.keyFile) await refuseOpenFile('agent key', config.keyFile);
    return `agent ${keys.publicKeyHex}`;
  });
  let session: Session | undefined;
  if (exitCode === EXIT.ok) {
    await attempt('session', EXIT.platform, async () => {
      const opened = await openSession(clientOf(config, keysOf(config)), systemClock, VISIT);
      const pinned = config.api.platform_public_key;
      if (pinned && pinned !== opened.platformPublicKey) {
        throw new CommandError(EXIT.authentication, 'the platform names another key than the pinned one');
      }
      session = opened;
      return `${config.api.endpoint} admits this agent`;
    });
  }
  const opened = session;
  if (opened) {
    await attempt('broker', EXIT.platform, () =>
      visitBroker(
        {
          name: 'dc-agent check',
          seedHex: config.seedHex as string,
          session: opened,
          urls: config.nats.urls,
          caFile: config.nats.tls_ca,
        },
        async (visit) => `${visit.server}, ${await visit.waitingCommands()} commands waiting`,
      ),
    );
  } else checks.push({ id: 'broker', status: 'skip', detail: 'needs a session' });
  await attempt('backend', EXIT.provisioner, async () => {
    const backend = await openBackend(config, createLogger(config.logFormat, 'silent'));
    const faults = (await backend.verify()).filter(({ status }) => status === 'fail');
    if (faults.length > 0) {
      throw new CommandError(EXIT.provisioner, faults.map(({ id, detail }) => `${id}: ${detail}`).join('; '));
    }
    return backend.type;
  });
  const pid = await holderOf(`${config.journalPath}.lock`);
  if (options.json)
    console.log(JSON.stringify({ checks, runs: pid !== undefined, pid: pid ?? null }, null, 2));
  else {
    for (const { id, status, detail } of checks) console.log(`${status.padEnd(5)} ${id}: ${detail}`);
    if (pid !== undefined) console.log(`An agent with this journal runs already (process ${pid}).`);
  }
  if (exitCode === EXIT.ok) return;
  const failed = checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
  throw new CommandError(exitCode, `the agent cannot run: ${failed.join(', ')}`);
}
