import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addCreate } from './create.ts';
import { addDelete } from './delete.ts';
import { addGet } from './get.ts';
import { addList } from './list.ts';
import { addUpdate } from './update.ts';

export function addOfferingCommands(program: Command, run: Run): void {
  const offering = noun(program, 'offering', 'what can be rented');
  addList(offering, run, 'list', 'offering list');
  addGet(offering, run);
  addCreate(offering, run);
  addUpdate(offering, run);
  addDelete(offering, run);
}
