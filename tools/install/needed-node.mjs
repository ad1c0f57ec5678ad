import { isAtLeast, NEEDED_NODE } from './node-version.mjs';

// Imported first by tools that need what the platform needs: they are started by others that choose the right Node.
const CONFIGURATION = 3;

if (!isAtLeast(process.version, NEEDED_NODE)) {
  console.error(
    `This program needs Node ${NEEDED_NODE.join('.')} or newer; this is ${process.version} (${process.execPath}).\n` +
      'Run it with npm (npm start, npm run ...), or with node_modules/.bin/node after `npm ci`.',
  );
  process.exit(CONFIGURATION);
}
