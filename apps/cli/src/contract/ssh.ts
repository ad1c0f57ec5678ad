import { lookup } from 'node:dns/promises';
import { getContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { findSshPrivateKey } from '../ssh/choose-key.ts';
import { openSshSession } from '../ssh/open-session.ts';
import { refusePrivateAddress, sshTargetOf } from '../ssh/target.ts';
import { type Run, verb } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

export function addSsh(parent: Command, run: Run): void {
  verb<{ identityFile?: string; print?: boolean; allowPrivate?: boolean }>(parent, run, {
    name: 'ssh',
    summary: 'log in to the machine of a contract, or run a command on it',
    example: `contract ssh ${EXAMPLE_ID} -- uname -a`,
    configure: (command) =>
      command
        .argument('<id>', 'contract')
        .argument('[command...]', 'what to run, after --')
        .option(
          '--identity-file <file>',
          'private SSH key, by default the one that the contract was made with',
        )
        .option('--print', 'only show where it would go')
        .option('--allow-private', 'connect to a machine in the own network that has reported no host key'),
    async run(session, { identityFile, print, allowPrivate }, [typed = '', ...command]) {
      const contract = await session.call(getContract, {
        params: { id: await session.contractId(typed) },
      });
      const target = sshTargetOf(contract);
      const file = identityFile ?? (await findSshPrivateKey(session, contract.requester_ssh_pubkey));
      if (print) {
        const { host, port, user, hostKey } = target;
        const json = { host, port, user, hostKey: hostKey ?? null, identityFile: file ?? null };
        return { json, text: `ssh${file ? ` -i ${file}` : ''} -p ${port} ${user}@${host}\n` };
      }
      if (session.options.json && command.length === 0) {
        throw new CliError(
          EXIT.usage,
          'JSON_IMPOSSIBLE',
          'A shell prints no JSON',
          'Name a command after --.',
        );
      }
      if (!allowPrivate) await refusePrivateAddress(target, addressesOf);
      if (!target.hostKey) session.note('The agent reported no host key: ssh will ask whether you trust it');
      const capture = session.options.json === true;
      const { env } = session.outside;
      const outcome = await openSshSession({ target, identityFile: file, command, env, capture });
      return { json: outcome, text: '', exitCode: outcome.exitCode };
    },
  });
}

/** A name that is not known leads nowhere: ssh says so itself. */
async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
