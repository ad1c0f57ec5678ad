import { ensureInstalled, goOnWith, withAdvice } from '../install/install.mjs';
import { nodeArguments } from './node.mjs';
import { PidFile } from './pids.mjs';
import { gatewayHost, gatewayPorts } from './ports.mjs';
import { replicas, StackRun } from './run.mjs';

/**
 * `npm start` and `npm run dev`: what would stop the platform is said before anything is installed.
 * @param {string[]} args
 */
export async function beginStack(args) {
  await withAdvice(async () => {
    const { dataDir, say } = new StackRun();
    await new PidFile(dataDir).endStale(say);
    gatewayHost();
    await gatewayPorts(replicas());
    await ensureInstalled((line) => console.log(line));
    goOnWith('stack/stack.mjs', args, nodeArguments);
  });
}
