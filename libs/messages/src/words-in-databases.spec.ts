import { readdirSync, readFileSync } from 'node:fs';
import { REGION_WORDS } from '@decent-cloud/kernel';
import * as words from './words.ts';

const PRISMA = new URL('../../../prisma/', import.meta.url);
const CHECK = /check\s*\(\s*(\w+)\s+in\s*\(([^)]*)\)\s*\)/g;

/** The words that a column may hold, by service, migration and column. */
const allowed = new Map(
  readdirSync(PRISMA, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: service }) => {
      const migrations = new URL(`${service}/migrations/`, PRISMA);
      return readdirSync(migrations).flatMap((migration) => {
        if (!/^\d/.test(migration)) return [];
        const sql = readFileSync(new URL(`${migration}/migration.sql`, migrations), 'utf8');
        return [...sql.matchAll(CHECK)].map(([, column, list]): [string, string[]] => [
          `${service} ${migration} ${column}`,
          [...(list as string).matchAll(/'([^']+)'/g)].map(([, word]) => word as string),
        ]);
      });
    }),
);

/** A list that grows needs a migration of its check, and a line here in place of the old one. */
test.each([
  ['contracts 20261105000000_contracts status', words.CONTRACT_STATUSES],
  ['contracts 20261105000000_contracts payment_status', words.PAYMENT_STATUSES],
  ['contracts 20261105000000_contracts actor', words.ACTORS],
  ['contracts 20261125010000_machine_operations kind', words.MACHINE_ACTIONS],
  ['contracts 20261125010000_machine_operations outcome', words.ACTION_OUTCOMES],
  ['contracts 20261201160000_machine_availability machine_availability', words.MACHINE_AVAILABILITIES],
  ['contracts 20261201160000_machine_availability when_machine_lost', words.WHEN_MACHINE_LOST],
  ['agents 20261124000000_agents location', REGION_WORDS],
  ['agents 20261125010000_polling status', words.HEALTH_STATUSES],
  ['agents 20261125011000_machine_operations kind', words.MACHINE_ACTIONS],
  ['agents 20261201150000_agent_instances kind', words.RIVAL_KINDS],
  ['agents 20261201160000_machine_availability availability', words.MACHINE_AVAILABILITIES],
])('the database takes the words of the list: %s', (check, list) => {
  expect([...(allowed.get(check) ?? [])].sort()).toEqual([...list].sort());
});
