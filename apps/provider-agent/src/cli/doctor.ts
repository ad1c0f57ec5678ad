import { mkdir, statfs } from 'node:fs/promises';
import { ApiError } from '@decent-cloud/client';
import { NS_PER_MS, systemClock } from '@decent-cloud/kernel';
import { getAgentStatus } from '@decent-cloud/messages/agents';
import { type AgentConfig, loadConfig } from '../config/load-config.ts';
import { refuseOpenFile } from '../config/secrets.ts';
import { AgentState } from '../domain/agent-state.ts';
import { readJournal } from '../journal/journal-file.ts';
import { currentProxy } from '../link/proxy.ts';
import { openSession, type Session, VISIT } from '../link/session.ts';
import { visitBroker } from '../link/visit.ts';
import { createLogger } from '../log.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { clientOf, keysOf, openBackend } from './open-config.ts';
import { tryOut } from './test-provision.ts';

export interface DoctorOptions {
  readonly verifyApi: boolean;
  readonly testProvision: boolean;
  readonly json?: boolean;
}

interface Check {
  readonly id: string;
  readonly group: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  readonly detail: string;
  readonly fix?: string;
}
type Report = (check: Check) => void;

const FREE_BYTES = 1024 ** 3;
const CLOCK_LIMIT_NS = 60_000n * NS_PER_MS;
const LABELS = { ok: '[ok]', warn: '[WARN]', fail: '[FAILED]', skip: '[skip]' } as const;

/** Looks at everything that the agent needs; changes nothing but a test machine that it removes again. */
export async function doctor(configPath: string, options: DoctorOptions): Promise<void> {
  const checks: Check[] = [];
  const report: Report = (check) => {
    checks.push(check);
    if (options.json) return;
    console.log(`${LABELS[check.status].padEnd(8)} ${check.group}/${check.id}: ${check.detail}`);
    if (check.fix) console.log(`         ${check.fix}`);
  };
  await examine(configPath, options, report);
  if (options.json) console.log(JSON.stringify(checks, null, 2));
  const failed = checks.filter(({ status }) => status === 'fail').length;
  if (!options.json)
    console.log(failed === 0 ? 'Everything is as it should be.' : `${failed} checks failed.`);
  if (failed === 0) return;
  const isUnusable = checks.some(({ group, status }) => group === 'configuration' && status === 'fail');
  throw new CommandError(isUnusable ? EXIT.configuration : EXIT.failure, `${failed} checks failed`);
}

async function examine(configPath: string, options: DoctorOptions, report: Report): Promise<void> {
  let config: AgentConfig | undefined;
  await attempt(report, 'file', 'configuration', async () => {
    config = await loadConfig(configPath);
    for (const warning of config.warnings)
      report({ id: 'file', group: 'configuration', status: 'warn', detail: warning });
    return `${config.file}: ${config.provisioner.type} in the environment ${config.environment}`;
  });
  if (!config) return;
  const known = config;
  await attempt(report, 'key', 'configuration', async () => {
    const keys = keysOf(known);
    if (known.keyFile) await refuseOpenFile('agent key', known.keyFile);
    return `agent ${keys.publicKeyHex}`;
  });
  await attempt(report, 'journal', 'state', async () => {
    const state = AgentState.of((await readJournal(known.journalPath)).entries);
    return `${known.journalPath}: ${state.machines.size} contracts, ${state.pending().length} events waiting`;
  });
  await attempt(report, 'disk', 'state', async () => {
    await mkdir(known.dataDir, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(known.dataDir);
    if (bavail * bsize < FREE_BYTES) throw new Error(`less than 1 GiB is free at ${known.dataDir}`);
    return `${Math.floor((bavail * bsize) / FREE_BYTES)} GiB free at ${known.dataDir}`;
  });
  await examineBackend(known, options, report);
  if (options.verifyApi) await examinePlatform(known, report);
  else report({ id: 'api', group: 'platform', status: 'skip', detail: 'not asked for' });
}

async function examineBackend(config: AgentConfig, options: DoctorOptions, report: Report): Promise<void> {
  const logger = createLogger(config.logFormat, 'silent');
  let works = true;
  await attempt(report, 'backend', 'provisioner', async () => {
    const backend = await openBackend(config, logger);
    for (const finding of await backend.verify()) {
      report({ ...finding, group: 'provisioner' });
      works &&= finding.status !== 'fail';
    }
    return backend.type;
  });
  if (!options.testProvision || !works) {
    report({
      id: 'test-provision',
      group: 'provisioner',
      status: 'skip',
      detail: works ? 'not asked for' : 'pointless',
    });
    return;
  }
  await attempt(report, 'test-provision', 'provisioner', async () => {
    const contractId = `doctor-test-${process.pid}`;
    await tryOut(await openBackend(config, logger), config, {
      contractId,
      keep: false,
      say: () => undefined,
    });
    return 'a machine was made, signed in to, and removed';
  });
}

async function examinePlatform(config: AgentConfig, report: Report): Promise<void> {
  report(proxyCheck());
  const keys = keysOf(config);
  const client = clientOf(config, keys);
  let session: Session | undefined;
  await attempt(report, 'api', 'platform', async () => {
    try {
      await client.call(getAgentStatus, { params: { pubkey: config.api.provider_pubkey } });
    } catch (error) {
      // No agent has been heard of yet: the API did answer.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
    return `${config.api.endpoint} answers`;
  });
  await attempt(report, 'session', 'platform', async () => {
    session = await openSession(client, systemClock, VISIT);
    const pinned = config.api.platform_public_key;
    if (pinned && pinned !== session.platformPublicKey)
      throw new Error('the platform names another key than the pinned one');
    return 'this agent is admitted';
  });
  if (!session) return;
  const opened = session;
  const offset = opened.clockOffsetNs < 0n ? -opened.clockOffsetNs : opened.clockOffsetNs;
  report({
    id: 'clock',
    group: 'platform',
    status: offset > CLOCK_LIMIT_NS ? 'warn' : 'ok',
    detail: `differs from the platform's by ${offset / (1_000n * NS_PER_MS)} s`,
    ...(offset > CLOCK_LIMIT_NS && { fix: 'set the clock of this host by NTP' }),
  });
  await attempt(report, 'broker', 'platform', async () => {
    return visitBroker(
      {
        name: 'dc-agent doctor',
        seedHex: config.seedHex as string,
        session: opened,
        urls: config.nats.urls,
        caFile: config.nats.tls_ca,
      },
      async (visit) => `${visit.server}, ${await visit.waitingCommands()} commands waiting`,
    );
  });
}

/** What goes through the proxy; a plain NATS address cannot. */
function proxyCheck(): Check {
  const proxy = currentProxy();
  const detail = proxy
    ? `https:// and wss:// go through ${proxy.origin}${proxy.exceptions && ` (not: ${proxy.exceptions})`}; nats:// and tls:// never do`
    : 'none: HTTPS_PROXY is not set';
  return { id: 'proxy', group: 'platform', status: 'ok', detail };
}

async function attempt(
  report: Report,
  id: string,
  group: string,
  work: () => Promise<string>,
): Promise<void> {
  try {
    report({ id, group, status: 'ok', detail: await work() });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    report({ id, group, status: 'fail', detail });
  }
}
