import '../install/needed-node.mjs';
import { Advice } from '../install/install.mjs';
import { Stack } from './platform.mjs';

const stack = new Stack();
let asked = 0;
/** @param {string} why */
async function end(why) {
  asked++;
  if (asked === 1) {
    const something = stack.hasStarted;
    if (something) stack.run.say(`${why}: stopping (again to kill)`);
    await stack.stop();
    if (something) stack.run.say('stopped; nothing is left running');
    process.exit(process.exitCode ?? 0);
  }
  if (asked === 3) process.exit(1);
}
process.on('SIGINT', () => void end('Ctrl-C'));
process.on('SIGTERM', () => void end('asked to end'));
process.on('SIGHUP', () => void end('the terminal is closed'));
// A closed terminal or pipe takes no more lines; what runs must still be stopped in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('disconnect', () => void end('the starting program is gone'));

try {
  await stack.start();
} catch (error) {
  if (!stack.run.stopping) {
    console.error(error instanceof Advice ? `\n${error.message}` : error);
    process.exitCode = 1;
    await end('not started');
  }
}
