import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** What our own runner writes beside the tables of the schema. */
const EXTERNAL_TABLES = ['public._migration'];

// PostgreSQL's one-byte type "char" of its catalogue, which the engine reads and the adapter does not know.
const CHAR_OID = 18;
const CHAR_ARRAY_OID = 1002;
const CHARACTER = 6;
const CHARACTER_ARRAY = 70;

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;
type Query = Parameters<Adapter['queryRaw']>[0];

let loaded: Promise<void> | undefined;
let lastPanic = '';

/**
 * What would have to change in the database to make it what the Prisma schema says, as SQL; empty when they agree.
 * Prisma sees tables, columns, keys, relations and whole-table indexes, not checks, partial indexes or functions.
 */
export async function schemaDifference(url: string, schema: string): Promise<string> {
  loaded ??= loadEngine();
  await loaded;
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  markCharColumns(pool);
  try {
    const files = [{ path: 'schema.prisma', content: schema }];
    const adapter = engineAdapter(new PrismaPg(pool));
    const instance = await engine.SchemaEngine.new(
      { datamodels: [['schema.prisma', schema]] },
      () => undefined,
      adapter,
    );
    const { exitCode, stdout } = await instance.diff({
      from: { tag: 'schemaDatasource', files, configDir: '/' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: { externalTables: EXTERNAL_TABLES, externalEnums: [] },
    });
    instance.free();
    return exitCode === 0 ? '' : (stdout ?? `the engine ended with ${exitCode}`);
  } catch (error) {
    if (lastPanic === '') throw error;
    throw new Error(`the schema engine gave up: ${lastPanic}`, { cause: error });
  } finally {
    await pool.end();
  }
}

async function loadEngine(): Promise<void> {
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message: (message: string) => {
        lastPanic = message;
      },
    },
  });
  const program = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(await readFile(program), {
    './schema_engine_bg.js': engine as unknown as WebAssembly.ModuleImports,
  });
  const wasm = engine as unknown as { __wbg_set_wasm(exports: WebAssembly.Exports): void };
  wasm.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
}

function markCharColumns(pool: pg.Pool): void {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
  const marking = async (...args: unknown[]) => {
    const result = await query(...args);
    for (const field of result.fields ?? []) {
      if (field.dataTypeID === CHAR_OID) field.dataTypeID = CHAR_ARRAY_OID;
    }
    return result;
  };
  Object.assign(pool, { query: marking });
}

/** The engine wants answers and faults as values. */
function engineAdapter(factory: PrismaPg): object {
  const settled =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      try {
        return { ok: true, value: await work(...args) };
      } catch (error) {
        const cause = error instanceof Error ? error.cause : undefined;
        return { ok: false, error: cause ?? { kind: 'GenericJs', id: 0, originalMessage: String(error) } };
      }
    };
  const connection = (adapter: Adapter) => ({
    adapterName: adapter.adapterName,
    provider: adapter.provider,
    queryRaw: settled(async (query: Query) => {
      const result = await adapter.queryRaw(query);
      const columnTypes = result.columnTypes.map((type) => (type === CHARACTER_ARRAY ? CHARACTER : type));
      return { ...result, columnTypes };
    }),
    executeRaw: settled((query: Query) => adapter.executeRaw(query)),
    executeScript: settled((script: string) => adapter.executeScript(script)),
    getConnectionInfo: () => ({ ok: true, value: adapter.getConnectionInfo() }),
    dispose: settled(() => adapter.dispose()),
  });
  return {
    adapterName: factory.adapterName,
    provider: factory.provider,
    connect: settled(async () => connection(await factory.connect())),
  };
}
