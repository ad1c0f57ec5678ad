/** What no older Node has and we rely on: integers read and printed exactly (`JSON.rawJSON`). */
const NEEDED = [24, 9] as const;
const CONFIGURATION = 3;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `This program needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'The repository brings one along: `npm ci`, then run it with node_modules/.bin/node.\n',
  );
  process.exit(CONFIGURATION);
}
