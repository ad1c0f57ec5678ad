import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addAll } from './all.ts';
import { addApi } from './api.ts';

export function addHealthCommands(program: Command, run: Run): void {
  const health = noun(program, 'health', 'does the platform work? Exit code 1 when it does not');
  addApi(health, run);
  addAll(health, run);
}
