import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addAccept } from './accept.ts';
import { addAddKey } from './add-key.ts';
import { addAddSshKey } from './add-ssh-key.ts';
import { addCreate } from './create.ts';
import { addGet } from './get.ts';
import { addInvitations } from './invitations.ts';
import { addListSshKeys } from './list-ssh-keys.ts';
import { addRemoveKey } from './remove-key.ts';

export function addAccountCommands(program: Command, run: Run): void {
  const account = noun(program, 'account', 'who an identity is at the platform');
  addCreate(account, run);
  addGet(account, run);
  addAddSshKey(account, run);
  addListSshKeys(account, run);
  addAddKey(account, run);
  addInvitations(account, run);
  addAccept(account, run);
  addRemoveKey(account, run);
}
