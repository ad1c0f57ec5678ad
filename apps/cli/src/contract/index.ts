import type { Command } from 'commander';
import { addList as addOfferingList } from '../offering/list.ts';
import { noun, type Run } from '../verb.ts';
import { addCancel } from './cancel.ts';
import { addCreate } from './create.ts';
import { addCredentials } from './credentials.ts';
import { addEvents } from './events.ts';
import { addGet } from './get.ts';
import { addList } from './list.ts';
import { addResetPassword } from './reset-password.ts';
import { addRotateSshKey } from './rotate-ssh-key.ts';
import { addScriptLog } from './script-log.ts';
import { addSsh } from './ssh.ts';
import { addSteps } from './steps.ts';
import { addWait } from './wait.ts';
import { addWhenMachineLost } from './when-machine-lost.ts';

export function addContractCommands(program: Command, run: Run): void {
  const contract = noun(program, 'contract', 'renting machines');
  addOfferingList(contract, run, 'list-offerings', 'contract list-offerings');
  addCreate(contract, run);
  addGet(contract, run);
  addList(contract, run);
  addWait(contract, run);
  addSsh(contract, run);
  addCredentials(contract, run);
  addResetPassword(contract, run);
  addRotateSshKey(contract, run);
  addScriptLog(contract, run);
  addWhenMachineLost(contract, run);
  addSteps(contract, run);
  addEvents(contract, run);
  addCancel(contract, run);
  for (const command of contract.commands) {
    if (command.registeredArguments.some((argument) => argument.name() === 'id'))
      command.addHelpText(
        'after',
        '\n<id> may be `last`: the newest own rental that lives, else the newest.',
      );
  }
}
