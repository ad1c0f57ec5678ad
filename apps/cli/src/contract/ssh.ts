import { getContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { findSshPrivateKey } from '../ssh/choose-key.ts';
import { openSshSession } from '../ssh/open-session.ts';
import { sshTargetOf } from '../ssh/target.ts';
import { type Run, verb } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

export function addSsh(parent: Command, run: Run): void {
  verb<{ identityFile?: string; print?: boolean }>(parent, run, {
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
        .option('--print', 'only show where it would go'),
    async run(session, { identityFile, print }, [typed = '', ...command]) {
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
      if (!target.hostKey) session.note('The agent reported no host key: ssh will ask whether you trust it');
      const capture = session.options.json === true;
      const { env } = session.outside;
      const outcome = await openSshSession({ target, identityFile: file, command, env, capture });
      return { json: outcome, text: '', exitCode: outcome.exitCode };
    },
  });
}
