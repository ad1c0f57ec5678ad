/**
 * A role and a database for each name; nobody but the owner may connect. Repeating it sets the passwords again.
 * @param {string} adminUrl
 * @param {Record<string, string>} passwords by name
 */
export async function ensureDatabases(adminUrl, passwords) {
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await admin.connect();
  try {
    for (const [name, password] of Object.entries(passwords)) {
      const role = pg.escapeIdentifier(name);
      const login = `login nosuperuser nocreatedb nocreaterole noreplication password ${pg.escapeLiteral(password)}`;
      const { rowCount: roles } = await admin.query('select 1 from pg_roles where rolname = $1', [name]);
      await admin.query(`${roles ? 'alter' : 'create'} role ${role} ${login}`);
      const { rowCount: databases } = await admin.query('select 1 from pg_database where datname = $1', [
        name,
      ]);
      if (!databases) await admin.query(`create database ${role} owner ${role}`);
      await admin.query(`revoke connect, temporary on database ${role} from public`);
    }
    await admin.query('revoke connect, temporary on database postgres from public');
    await admin.query('revoke connect, temporary on database template1 from public');
  } finally {
    await admin.end();
  }
}

/** @param {{ port: number, host?: string }} server @param {string} name @param {string} password */
export function databaseUrl({ port, host = '127.0.0.1' }, name, password) {
  return `postgresql://${name}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
}
