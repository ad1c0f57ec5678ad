// Exit code 0 when the process in this container is ready for work.
const answer = await fetch(`http://127.0.0.1:${process.env.OPS_PORT}/health/ready`, {
  signal: AbortSignal.timeout(4_000),
});
if (!answer.ok) {
  process.stderr.write(`${await answer.text()}\n`);
  process.exitCode = 1;
}
