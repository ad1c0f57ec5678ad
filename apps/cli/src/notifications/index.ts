import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addList } from './list.ts';

export function addNotificationCommands(program: Command, run: Run): void {
  addList(noun(program, 'notifications', 'what the platform had to tell'), run);
}
