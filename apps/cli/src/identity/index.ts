import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addDelete } from './delete.ts';
import { addExport } from './export.ts';
import { addGenerate } from './generate.ts';
import { addImport } from './import.ts';
import { addList } from './list.ts';
import { addShow } from './show.ts';

export function addIdentityCommands(program: Command, run: Run): void {
  const identity = noun(program, 'identity', 'keys that act: made and kept on this machine');
  addGenerate(identity, run);
  addImport(identity, run);
  addExport(identity, run);
  addList(identity, run);
  addShow(identity, run);
  addDelete(identity, run);
}
