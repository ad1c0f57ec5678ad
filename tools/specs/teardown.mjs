/** After integration specs: nothing of the run's PostgreSQL is left. */
export default async function teardown() {
  const running = globalThis.dcTestPostgres;
  globalThis.dcTestPostgres = undefined;
  await running?.stop();
}
