import { systemClock } from '@decent-cloud/kernel';
import { askSnapshot } from '../agent/ask-snapshot.ts';
import { EventOutbox } from '../agent/event-outbox.ts';
import { Operator, type OperatorOptions } from '../agent/operator.ts';
import { takeRunLock } from '../agent/run-lock.ts';
import { signWith } from '../agent/sign.ts';
import { Worker } from '../agent/worker.ts';
import type { Backend } from '../backends/backend.ts';
import type { AgentConfig } from '../config/load-config.ts';
import { AgentState } from '../domain/agent-state.ts';
import { Journal } from '../journal/journal.ts';
import { readJournal } from '../journal/journal-file.ts';
import { PlatformKey } from '../link/platform-key.ts';
import { openSession, VISIT } from '../link/session.ts';
import { visitBroker } from '../link/visit.ts';
import { createLogger, logLevel } from '../log.ts';
import { clientOf, keysOf, openBackend } from './open-config.ts';

/** Looks at what the stopped agent would do. Writes nothing, and takes no lock. */
export async function lookWithoutAgent<T>(
  config: AgentConfig,
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const { entries } = await readJournal(config.journalPath);
  const state = AgentState.of(entries);
  const changesNothing = async (): Promise<never> => {
    throw new Error('nothing is changed by looking');
  };
  return inPlaceOfAgent(
    config,
    () => ({
      records: () => state.machines.values(),
      adopt: changesNothing,
      exclusively: changesNothing,
    }),
    work,
  );
}

/** Acts in the place of the stopped agent, which cannot be started meanwhile. Events go out when it runs. @throws AlreadyRunningError */
export async function actWithoutAgent<T>(
  config: AgentConfig,
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const unlock = await takeRunLock(`${config.journalPath}.lock`);
  try {
    const journal = await Journal.open(config.journalPath, systemClock);
    try {
      return await inPlaceOfAgent(
        config,
        (shared) => {
          const keys = keysOf(config);
          const outbox = new EventOutbox({
            ...shared,
            journal,
            sign: signWith(keys.seed),
            agentPublicKey: keys.publicKeyHex,
            publish: () => Promise.reject(new Error('events go out when the agent runs')),
            onFatal: (error) => {
              throw error;
            },
          });
          const worker = new Worker({
            ...shared,
            journal,
            outbox,
            marks: shared.own,
            maxParallelProvisions: 1,
            // What is taken over has its port; nothing is made here.
            portsInUse: () => new Map(),
          });
          return {
            records: () => journal.state.machines.values(),
            adopt: (machine, externalId) => worker.adopt(machine, externalId),
            exclusively: (contractId, run) => worker.exclusively(contractId, run),
          };
        },
        work,
      );
    } finally {
      await journal.close();
    }
  } finally {
    await unlock();
  }
}

type Means = Pick<OperatorOptions, 'records' | 'adopt' | 'exclusively'>;
type Shared = Pick<OperatorOptions, 'own' | 'logger' | 'now'> & {
  readonly backend: Backend;
};

async function inPlaceOfAgent<T>(
  config: AgentConfig,
  means: (shared: Shared) => Means,
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const keys = keysOf(config);
  const isToldHow = process.env.DC_AGENT_LOG !== undefined || process.env.RUST_LOG !== undefined;
  const level = isToldHow ? logLevel(process.env) : 'warn';
  const logger = createLogger(config.logFormat, level, process.stderr);
  const backend = await openBackend(config, logger);
  let offsetNs = 0n;
  const ask = async () => {
    const session = await openSession(clientOf(config, keys), systemClock, VISIT);
    offsetNs = session.clockOffsetNs;
    const platformKey = new PlatformKey({
      dataDir: config.dataDir,
      pinned: config.api.platform_public_key,
      logger,
    });
    await platformKey.load();
    const platformPublicKey = platformKey.publicKey ?? session.platformPublicKey;
    return visitBroker(
      {
        name: 'dc-agent operator',
        seedHex: config.seedHex as string,
        session,
        urls: config.nats.urls,
        caFile: config.nats.tls_ca,
      },
      (visit) =>
        askSnapshot({
          ...visit,
          sign: signWith(keys.seed),
          believer: () => ({ agentPublicKey: keys.publicKeyHex, platformPublicKey }),
        }),
    );
  };
  const shared: Shared = {
    backend,
    logger,
    own: { environment: config.environment, agent: keys.publicKeyHex.slice(0, 16) },
    now: () => systemClock() + offsetNs,
  };
  try {
    return await work(
      new Operator({
        ...shared,
        ...means(shared),
        ask,
        // The agent tells what is there as soon as it runs.
        report: () => Promise.resolve(),
      }),
    );
  } finally {
    await backend.close();
  }
}
