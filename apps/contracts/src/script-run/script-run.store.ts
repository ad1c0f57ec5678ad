import type { FactPayload, facts } from '@decent-cloud/messages';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

type Finished = FactPayload<typeof facts.machineScriptFinished>;

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

  /** Of the newest machine in which one has run. */
  async newestLog(contractId: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ log: string }>(
      'select log from contract_script_run where contract_id = $1 order by generation desc limit 1',
      [contractId],
    );
    return row?.log;
  }
}
