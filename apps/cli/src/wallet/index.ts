import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addShow } from './show.ts';
import { addTopup } from './topup.ts';

export function addWalletCommands(program: Command, run: Run): void {
  const wallet = noun(program, 'wallet', 'money to rent with');
  addShow(wallet, run);
  addTopup(wallet, run);
}
