import { resolve } from 'node:path';
import { runProgram } from './dc.ts';
import type { Platform } from './platform.ts';

const CHECKER = resolve(import.meta.dirname, '../../payments/bundle/check-books.js');

/** Runs the checker of the books. @throws with its findings */
export async function assertBooksBalance(platform: Platform): Promise<void> {
  const outcome = await runProgram(process.execPath, [CHECKER], {
    PATH: process.env.PATH,
    DATABASE_URL: await platform.databaseUrl('payments'),
  });
  if (outcome.code !== 0) throw new Error(`the books do not balance:\n${outcome.stdout}${outcome.stderr}`);
}
