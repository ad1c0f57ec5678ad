import { Database, type DatabaseOptions } from '@decent-cloud/postgres';

/** Counts how often somebody goes to the database and back. */
export class CountingDatabase extends Database {
  roundTrips = 0;
  /** What happens, once, between read and write of a change. */
  beforeWrite: (() => Promise<unknown>) | undefined;
  constructor(options: DatabaseOptions) {
    super(options);
    this.pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      client.query = ((...args: unknown[]) => {
        this.roundTrips++;
        return query(...args);
      }) as typeof client.query;
    });
  }

  override async write<Row extends object>(...args: Parameters<Database['write']>): Promise<Row[]> {
    const first = this.beforeWrite;
    this.beforeWrite = undefined;
    await first?.();
    return super.write<Row>(...args);
  }
}
