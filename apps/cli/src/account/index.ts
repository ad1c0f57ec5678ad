import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addAddSshKey } from './add-ssh-key.ts';
import { addCreate } from './create.ts';
import { addGet } from './get.ts';
import { addListSshKeys } from './list-ssh-keys.ts';

export function addAccountCommands(program: Command, run: Run): void {
  const account = noun(program, 'account', 'who an identity is at the platform');
  addCreate(account, run);
  addGet(account, run);
  addAddSshKey(account, run);
  addListSshKeys(account, run);
}
