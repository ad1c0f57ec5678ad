import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addAll } from './all.ts';
import { addLifecycle } from './lifecycle.ts';
import { addProvision } from './provision.ts';

export function addE2eCommands(program: Command, run: Run): void {
  const e2e = noun(program, 'e2e', 'try a running platform out, end to end');
  addProvision(e2e, run);
  addLifecycle(e2e, run);
  addAll(e2e, run);
}
