import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureCode } from '@decent-cloud/messages/words';
import { BackendError } from '../backend.ts';
import type { Engine } from './engine.ts';
import { runInside } from './inside.ts';
import { greetsAsSsh } from './ports.ts';

const READY_MS = 60_000;
const PAUSE_MS = 250;
const LOG_LINES = 10;
const READ_HOST_KEY = `set -e
test -e /var/lib/dc/first-start.done
for type in ed25519 ecdsa rsa; do
  if [ -e /etc/ssh/ssh_host_\${type}_key.pub ]; then
    exec cat /etc/ssh/ssh_host_\${type}_key.pub
  fi
done
exit 1`;

/** Waits until the machine can be signed in to. @returns its host key @throws BackendError with what the machine has said */
export async function waitForSsh(
  engine: Engine,
  id: string,
  published: { readonly address: string; readonly port: number },
): Promise<string> {
  const giveUpAt = performance.now() + READY_MS;
  let hostKey: string | undefined;
  for (;;) {
    const container = await engine.container(id);
    const state = container?.State;
    if (!state?.Running || state.Restarting) {
      throw await notReady(engine, id, 'config', 'SSH_DID_NOT_START', `has ended with ${state?.ExitCode}`);
    }
    hostKey ??= await readHostKey(engine, id);
    if (hostKey && (await greetsAsSsh(published.address, published.port))) return hostKey;
    if (performance.now() > giveUpAt) {
      const why = hostKey
        ? `does not answer on port ${published.port} of ${published.address}`
        : 'has no host key';
      throw await notReady(engine, id, 'transient', 'SSH_NOT_READY', `${why} after ${READY_MS / 1_000} s`);
    }
    await sleep(PAUSE_MS);
  }
}

async function readHostKey(engine: Engine, id: string): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runInside(engine, id, { script: READ_HOST_KEY });
    return exitCode === 0 ? stdout.trim().split(' ').slice(0, 2).join(' ') : undefined;
  } catch (error) {
    // It has ended meanwhile, which the next look finds.
    if (error instanceof BackendError && error.failure.code === 'CONFLICT') return undefined;
    throw error;
  }
}

async function notReady(
  engine: Engine,
  id: string,
  failureClass: 'config' | 'transient',
  code: FailureCode,
  what: string,
): Promise<BackendError> {
  const log = (await engine.logTail(id, LOG_LINES)).trim();
  return new BackendError({
    class: failureClass,
    code,
    message: `the container ${what}${log && `; its last words: ${log.slice(-600)}`}`,
    resourcesLeft: [{ kind: 'docker-container', id }],
  });
}
