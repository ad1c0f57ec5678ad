import { requests } from '@decent-cloud/messages';
import { Bus, Directory, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';

/** Usernames of keys, at most half a minute old; none while the accounts service does not answer. */
@Injectable()
export class NameDirectory {
  private readonly names: Directory<string, string>;

  constructor(bus: Bus, @Inject(LOGGER) logger: Logger) {
    this.names = new Directory({
      name: 'names of providers',
      ask: async (publicKeys, timeoutMs) => {
        const { names } = await bus.ask(requests.namesOfKeys, { body: { publicKeys } }, { timeoutMs });
        return new Map(Object.entries(names));
      },
      keysAtOnce: 400,
      timeoutMs: 1_000,
      mostKept: 50_000,
      keptMs: 30_000,
      unknownKeptMs: 30_000,
      whenSilent: {
        staleForMs: 0,
        note: (error) => logger.warn({ error }, 'offerings are shown without names'),
      },
    });
  }

  namesOf(publicKeys: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    return this.names.findAll(publicKeys);
  }
}
