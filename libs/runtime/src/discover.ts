import { pathToFileURL } from 'node:url';
import type { FactDeclaration, RequestDeclaration } from '@decent-cloud/messages';
import type { Type } from '@nestjs/common';
import { ANSWERS } from './answers.ts';
import { bundledModules, type ServiceModule } from './bundled-modules.ts';
import { REACTS, type Reaction } from './reaction.ts';
import { serviceFiles } from './service-files.ts';
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

/**
 * Finds what a service is made of in every file of its folder, or in the bundle's list of them: the decorators say what
 * each class is. Adding a verb is adding its file.
 */
export async function discover(directory: string): Promise<Discovered> {
  const verbs: Discovered['verbs'][number][] = [];
  const reactions: Discovered['reactions'][number][] = [];
  const sweeps: Discovered['sweeps'][number][] = [];
  const providers: Type<unknown>[] = [];
  for (const module of bundledModules() ?? (await loadFiles(directory))) {
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

async function loadFiles(directory: string): Promise<ServiceModule[]> {
  const modules: ServiceModule[] = [];
  for (const file of await serviceFiles(directory)) {
    modules.push((await import(pathToFileURL(file).href)) as ServiceModule);
  }
  return modules;
}
