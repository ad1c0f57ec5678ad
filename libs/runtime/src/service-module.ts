import { Database, isDatabaseUnavailable } from '@decent-cloud/postgres';
import { Module, type Provider, type Type } from '@nestjs/common';
import { Bus } from './bus.ts';
import { ClockWatch } from './clock-watch.ts';
import type { Discovered } from './discover.ts';
import { IdempotencyKeyStore } from './idempotency.store.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { Metrics } from './metrics.ts';
import type { ServiceCore } from './service.ts';
import { SETTINGS } from './settings.ts';
import { CLOCK, LOGGER } from './tokens.ts';
import { VerbRunner } from './verb-runner.ts';

/** The Nest module of a service: what the runtime gives, what the service brings, what was found in its folder. */
export function serviceModule(
  core: ServiceCore,
  found: Discovered,
  brought: readonly Provider[],
): Type<unknown> {
  class ServiceModule {}
  const own: Provider[] = [
    { provide: Database, useValue: core.database },
    { provide: Metrics, useValue: core.metrics },
    { provide: Bus, useValue: core.bus },
    { provide: SETTINGS, useValue: core.settings },
    { provide: CLOCK, useValue: core.clock },
    { provide: ClockWatch, useValue: core.clockWatch },
    { provide: LOGGER, useValue: core.logger },
    {
      provide: VerbRunner,
      useValue: new VerbRunner(
        core.logger,
        core.metrics,
        core.clock,
        new IdempotencyKeys(new IdempotencyKeyStore(core.database)),
        isDatabaseUnavailable,
      ),
    },
  ];
  Module({
    controllers: found.verbs.map(({ type }) => type),
    providers: [
      ...own,
      ...brought,
      ...found.providers,
      ...found.reactions.map(({ type }) => type),
      ...found.sweeps.map(({ type }) => type),
    ],
  })(ServiceModule);
  return ServiceModule;
}
