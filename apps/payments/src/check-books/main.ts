import '@decent-cloud/kernel/needed-node';
import { Database } from '@decent-cloud/postgres';
import { readSettings } from '@decent-cloud/runtime';
import { z } from 'zod';
import { findFaults } from '../ledger/book-faults.store.ts';

/** The books as a program: prints what is wrong and ends with 1 when anything is. Reads DATABASE_URL. */
async function checkBooks(): Promise<number> {
  const settings = readSettings(z.object({ DATABASE_URL: z.string().min(1) }));
  const database = new Database({
    connectionString: settings.DATABASE_URL,
    applicationName: 'check-books',
    maxConnections: 1,
  });
  try {
    const faults = await findFaults(database);
    for (const { rule, row } of faults) process.stdout.write(`BROKEN: ${rule}: ${row}\n`);
    process.stdout.write(faults.length === 0 ? 'the books are right\n' : `${faults.length} findings\n`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await database.close();
  }
}

process.exitCode = await checkBooks();
