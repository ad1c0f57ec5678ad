import type { DurableReader } from '@decent-cloud/bus';
import { consumers, type FactDeclaration } from '@decent-cloud/messages';
import type { Type } from '@nestjs/common';
import type { Discovered } from './discover.ts';
import type { Reaction } from './reaction.ts';
import { createReactionReader } from './reaction-runner.ts';
import type { ServiceCore } from './service.ts';
import type { Sweep } from './sweep.ts';
import { SweepRunner } from './sweep-runner.ts';

/** Gives the one instance of a class. */
type Get = <T>(type: Type<T>) => T;

/** What reads the facts of this service's consumer; undefined when it has none. */
export function reactionReader(
  name: string,
  core: ServiceCore,
  found: Discovered,
  get: Get,
): DurableReader | undefined {
  const consumer = name in consumers ? consumers[name as keyof typeof consumers] : undefined;
  if (!consumer) {
    if (found.reactions.length > 0)
      throw new Error(`${name} has reactions, but topology.ts has no consumer of that name`);
    return undefined;
  }
  const reactions = new Map<string, { declaration: FactDeclaration; reaction: Reaction<FactDeclaration> }>();
  for (const { type, declaration } of found.reactions) {
    if (reactions.has(declaration.subject)) throw new Error(`two reactions to ${declaration.subject}`);
    reactions.set(declaration.subject, { declaration, reaction: get(type) });
  }
  const { database, logger, metrics, clock } = core;
  const { isTrusted } = core.clockWatch;
  return createReactionReader({
    ...{ consumer, reactions, database, logger, metrics, clock },
    connection: core.bus.connection,
    isHeld: () => !isTrusted(),
    keys: core.settings.SERVICE_KEYS,
  });
}

/** One runner for each sweep of this service. */
export function sweepRunners(core: ServiceCore, found: Discovered, get: Get): SweepRunner[] {
  return found.sweeps.map(({ type, declaration }) => {
    const { everySeconds } = declaration;
    const seconds = typeof everySeconds === 'number' ? everySeconds : everySeconds(core.settings as never);
    return new SweepRunner(
      { name: declaration.name, everySeconds: seconds },
      get<Sweep>(type),
      core.database,
      core.logger,
      core.metrics,
      core.clock,
    );
  });
}
