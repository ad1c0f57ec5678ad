import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { WAIT_SECONDS, waitForState } from '../contract/wait-for-state.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import { findSshPrivateKey } from '../ssh/choose-key.ts';
import { openSshSession } from '../ssh/open-session.ts';
import { type Contract, sshTargetOf } from '../ssh/target.ts';
import { type Run, verb } from '../verb.ts';
import { withRentalOptions } from './lifecycle.ts';
import { type Rental, whileRented } from './rented.ts';
import { mustHold, Steps } from './steps.ts';

const SSH_TRIES = 6;
const SSH_PAUSE_MS = 10_000;
const MARKER = 'SSH_CONNECTION_OK';

interface ProvisionOptions extends Rental {
  readonly verifySsh?: boolean;
}

export function addProvision(parent: Command, run: Run): void {
  verb<ProvisionOptions>(parent, run, {
    name: 'provision',
    summary: 'rent, wait for the machine, reach it, cancel',
    example: 'e2e provision --identity alice --verify-ssh',
    writes: true,
    configure: (command) =>
      withRentalOptions(command)
        .option('--verify-ssh', 'log in and run a command')
        .option('--cleanup', 'always done, taken for older scripts')
        .option('--keep', 'leave the machine running'),
    async run(session, options) {
      const steps = new Steps(session);
      await tryProvision(session, steps, options);
      return { json: { passed: true, steps: steps.done }, text: 'Passed\n' };
    },
  });
}

export async function tryProvision(session: Session, steps: Steps, options: ProvisionOptions): Promise<void> {
  await whileRented(session, options, async (contractId) => {
    const timeoutSeconds = session.options.timeout ?? WAIT_SECONDS;
    const contract = await steps.run('the machine is made', () =>
      waitForState(session, { contractId, state: 'provisioned', timeoutSeconds }),
    );
    await steps.run('its address is known', async () => {
      const { host, port } = sshTargetOf(contract);
      session.note(`Machine: ${host}:${port}`);
    });
    if (options.verifySsh) await steps.run('ssh answers', () => logIn(session, contract));
    else steps.skip('ssh answers', 'add --verify-ssh');
  });
}

async function logIn(session: Session, contract: Contract): Promise<void> {
  const target = sshTargetOf(contract);
  const identityFile = await findSshPrivateKey(session, contract.requester_ssh_pubkey);
  mustHold(identityFile !== undefined, 'the private SSH key of the contract is not on this machine');
  const { env, signal } = session.outside;
  for (let tries = 1; ; tries++) {
    const command = ['echo', MARKER];
    const { exitCode, output } = await openSshSession({
      target,
      identityFile,
      command,
      env,
      batch: true,
      capture: true,
      signal,
    });
    if (exitCode === 0 && output.includes(MARKER)) return;
    if (tries === SSH_TRIES) {
      throw new CliError(
        EXIT.failure,
        'SSH_FAILED',
        `ssh ended with ${exitCode}: ${output.trim().slice(-500)}`,
      );
    }
    await pause(SSH_PAUSE_MS, undefined, { signal });
  }
}
