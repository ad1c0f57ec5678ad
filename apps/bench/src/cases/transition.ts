import { join } from 'node:path';
import { messagingMigrationsDir } from '@decent-cloud/outbox';
import { createTestDatabase } from '@decent-cloud/testing';
import { type Case, ROOT, runProgram } from '../bench.ts';

const RATE = 'transition with facts, 16 connections';
const ROUND_TRIPS = 'transition, round trips';

interface Rates {
  readonly transitionsPerSecond: number;
  readonly plainPerSecond: number;
  readonly transitionCpuMicroseconds: number;
  readonly plainCpuMicroseconds: number;
  readonly roundTrips: number;
}

export const transition: Case = {
  lines: [
    { bar: 'P9', name: RATE },
    { bar: 'P9', name: ROUND_TRIPS },
  ],
  async run(bench) {
    const database = await createTestDatabase({
      migrationsDir: [messagingMigrationsDir, join(ROOT, 'prisma/contracts/migrations')],
    });
    bench.atEnd(() => database.drop());
    const rates = await runProgram<Rates>('transition.mjs', { DATABASE_URL: database.url });
    return [
      {
        bar: 'P9',
        name: RATE,
        measured: { value: rates.transitionsPerSecond, unit: 'tx/s' },
        yardstick: { what: 'BEGIN, 2 INSERT, COMMIT', value: rates.plainPerSecond, unit: 'tx/s' },
        ratio: rates.transitionsPerSecond / rates.plainPerSecond,
        limit: { atLeast: 0.8 },
        note: `paid and accepted: contract, history, 2 events, 2 facts; CPU of the client ${Math.round(rates.transitionCpuMicroseconds)} us, of the yardstick ${Math.round(rates.plainCpuMicroseconds)} us`,
      },
      {
        bar: 'P9',
        name: ROUND_TRIPS,
        measured: { value: rates.roundTrips, unit: '' },
        limit: { atMost: 4 },
        note: 'begin and commit are two of them',
      },
    ];
  },
};
