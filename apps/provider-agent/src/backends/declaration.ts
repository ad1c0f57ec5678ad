import type { z } from 'zod';
import type { Logger } from '../log.ts';
import type { Backend } from './backend.ts';

/** What the systemd unit of an agent must have for the sake of its backend. */
export interface ServiceNeeds {
  /** Units that are to be up before. */
  readonly after?: readonly string[];
  /** Groups that a user other than root needs, and why. */
  readonly groups?: readonly { readonly name: string; readonly why: string }[];
  /** Folders that it writes to, beside the agent's data folder. */
  readonly writes?: readonly string[];
  /** Files that it must see, wherever they are. */
  readonly sees?: readonly string[];
  /** Programs of machines are children of the agent and go on without it. */
  readonly programsStay?: boolean;
}

/** Where a backend is opened: what it may know of its agent. */
export interface BackendSite {
  /** The agent's data folder. */
  readonly dataDir: string;
  readonly environment: string;
  /** Marks what is this agent's. */
  readonly agent: string;
  readonly logger: Logger;
}

/** All that the rest of the agent knows of one kind of backend. */
export interface BackendDeclaration<T extends z.ZodObject = z.ZodObject> {
  /** Its table `[provisioner.<type>]`. One with `port_range_start` takes ports of this host. */
  readonly table: T;
  /** Names of old files, which write the table's keys flat under `[provisioner]`; those that are not here are the same. */
  readonly flatNames?: Readonly<Record<string, string>>;
  /** Keys of the table that hold a secret: in the file, or as `file:` and `env:`, which are followed when it is opened. */
  readonly secrets?: readonly string[];
  /** Why it may not be used in production; absent: it may. */
  readonly notInProduction?: string;
  /** Its machines are reached through the agent's own process. */
  readonly isServedByAgent?: boolean;
  /** It works with an empty table: what is said to whoever sets it up. Absent: the table has to be filled in. */
  readonly worksAsItIs?: string;
  /** Absent: the unit needs nothing for it. */
  service?(settings: z.output<T>): ServiceNeeds;
  /** Absent: this version of the agent only reads its table. */
  open?(settings: z.output<T>, site: BackendSite): Promise<Backend>;
}
