import type { FactPayload, facts } from '@decent-cloud/messages';
import { Database, type Sql } from '@decent-cloud/postgres';
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

/** What scripts of offerings have printed in new machines. */
@Injectable()
export class ScriptRunStore {
  constructor(private readonly database: Database) {}

  /** False when the run in that machine is known already. */
  async insert(sql: Sql, run: Finished, nowNs: bigint): Promise<boolean> {
    const rows = await sql.query(
      `insert into contract_script_run (contract_id, generation, success, exit_code, log, finished_at_ns)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning 1`,
      // The database keeps no U+0000; programs print it all the same.
      [run.contractId, run.generation, run.success, run.exitCode, run.log.replaceAll('\0', '\uFFFD'), nowNs],
    );
    return rows.length === 1;
  }

  /** In the newest machine in which one has run. */
  async newest(contractId: string): Promise<ScriptRun | undefined> {
    const [row] = await this.database.query<ScriptRun>(
      `select generation, success, exit_code as "exitCode", finished_at_ns as "finishedAtNs", log
       from contract_script_run where contract_id = $1 order by generation desc limit 1`,
      [contractId],
    );
    return row;
  }
}
