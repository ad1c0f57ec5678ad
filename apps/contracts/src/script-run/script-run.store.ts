import type { FactPayload, facts } from '@decent-cloud/messages';
import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

type Finished = FactPayload<typeof facts.machineScriptFinished>;

/** How a script has ended, and the end of what it has printed. */
export interface ScriptRun {
  readonly generation: number;
  readonly success: boolean;
  /** -1: ended from outside. */
  readonly exitCode: number;
  readonly finishedAtNs: bigint;
  readonly log: string;
}

const runRow = rowOf<ScriptRun & { readonly contractId: string }>()({
  contractId: 'contract_id',
  generation: 'generation',
  success: 'success',
  exitCode: 'exit_code',
  finishedAtNs: 'finished_at_ns',
  log: 'log',
});
const shownRunRow = runRow.omit('contractId');
const INSERT = `insert into contract_script_run (${runRow.names}) values (${runRow.places()})
  on conflict do nothing returning 1`;
const NEWEST = `select ${shownRunRow.select} from contract_script_run
  where contract_id = $1 order by generation desc limit 1`;

/** What scripts of offerings have printed in new machines. */
@Injectable()
export class ScriptRunStore {
  constructor(private readonly database: Database) {}

  /** False when the run in that machine is known already. */
  async insert(sql: Sql, run: Finished, nowNs: bigint): Promise<boolean> {
    const { contractId, generation, success, exitCode } = run;
    // The database keeps no U+0000; programs print it all the same.
    const log = run.log.replaceAll('\0', '\uFFFD');
    const values = runRow.values({ contractId, generation, success, exitCode, log, finishedAtNs: nowNs });
    const rows = await sql.query(INSERT, values);
    return rows.length === 1;
  }

  /** In the newest machine in which one has run. */
  async newest(contractId: string): Promise<ScriptRun | undefined> {
    const [row] = await shownRunRow.query(this.database, NEWEST, [contractId]);
    return row;
  }
}
