import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FactDeclaration, RequestDeclaration } from '@decent-cloud/messages';
import type { Type } from '@nestjs/common';
import { ANSWERS } from './answers.ts';
import { REACTS, type Reaction } from './reaction.ts';
import { SWEEPS, type Sweep, type SweepDeclaration } from './sweep.ts';
import type { Verb } from './verb.ts';

export interface Discovered {
  readonly verbs: readonly { type: Type<Verb<RequestDeclaration>>; declaration: RequestDeclaration }[];
  readonly reactions: readonly { type: Type<Reaction<FactDeclaration>>; declaration: FactDeclaration }[];
  readonly sweeps: readonly { type: Type<Sweep>; declaration: SweepDeclaration }[];
  /** Other classes marked `@Injectable()`: stores and the like. */
  readonly providers: readonly Type<unknown>[];
}

const INJECTABLE = '__injectable__';
const SKIPPED = /(\.spec|\.d)\.[jt]s$|^main\.[jt]s$/;

/**
 * Finds what a service is made of by loading every file of its folder: the decorators say what each class is.
 * Adding a verb is adding its file.
 */
export async function discover(directory: string): Promise<Discovered> {
  const verbs: Discovered['verbs'][number][] = [];
  const reactions: Discovered['reactions'][number][] = [];
  const sweeps: Discovered['sweeps'][number][] = [];
  const providers: Type<unknown>[] = [];
  for (const file of await sourceFiles(directory)) {
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    for (const exported of Object.values(module)) {
      if (typeof exported !== 'function') continue;
      const type = exported as Type<never>;
      const answers = Reflect.getOwnMetadata(ANSWERS, type) as RequestDeclaration | undefined;
      const reacts = Reflect.getOwnMetadata(REACTS, type) as FactDeclaration | undefined;
      const sweep = Reflect.getOwnMetadata(SWEEPS, type) as SweepDeclaration | undefined;
      if (answers) verbs.push({ type, declaration: answers });
      else if (reacts) reactions.push({ type, declaration: reacts });
      else if (sweep) sweeps.push({ type, declaration: sweep });
      else if (Reflect.hasOwnMetadata(INJECTABLE, type)) providers.push(type);
    }
  }
  return { verbs, reactions, sweeps, providers };
}

async function sourceFiles(directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'generated' && entry.name !== 'test') files.push(...(await sourceFiles(path)));
    } else if (/\.[jt]s$/.test(entry.name) && !SKIPPED.test(entry.name)) files.push(path);
  }
  return files.sort();
}
