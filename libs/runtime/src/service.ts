import type { Clock } from '@decent-cloud/kernel';
import type { StreamName } from '@decent-cloud/messages';
import type { Database } from '@decent-cloud/postgres';
import type { Provider } from '@nestjs/common';
import type { z } from 'zod';
import type { Bus } from './bus.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import type { DatabaseSettings } from './settings.ts';

/** What stands when a service's own parts are made. */
export interface ServiceCore<Settings extends DatabaseSettings = DatabaseSettings> {
  readonly settings: Settings;
  readonly database: Database;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Refuses to tell the time while it is known to be wrong. */
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
}

/** What makes a service: its name, its folder, its settings. Verbs, reactions and sweeps are found by their decorators. */
export interface ServiceDefinition<S extends z.ZodType<DatabaseSettings> = z.ZodType<DatabaseSettings>> {
  /** Second word of its subjects, name of its role, database and consumer. */
  readonly name: string;
  /** `import.meta.dirname` */
  readonly directory: string;
  readonly settings: S;
  readonly migrationsDir: string;
  /** Streams that it keeps in line beside those of every service. */
  readonly streams?: readonly StreamName[];
  /** Gauges of its own. */
  readonly metrics?: (core: ServiceCore<z.output<S>>) => void;
  /** Nest providers that are no classes with a decorator. */
  readonly providers?: (core: ServiceCore<z.output<S>>) => readonly Provider[];
}

export function defineService<S extends z.ZodType<DatabaseSettings>>(
  definition: ServiceDefinition<S>,
): ServiceDefinition<S> {
  return definition;
}
