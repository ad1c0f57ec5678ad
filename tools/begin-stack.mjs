import { ensureInstalled, goOnWith, withAdvice } from './install.mjs';
import { nodeArguments } from './stack-node.mjs';
import { PidFile } from './stack-pids.mjs';
import { gatewayHost, gatewayPorts } from './stack-ports.mjs';
import { replicas, StackRun } from './stack-run.mjs';

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
    goOnWith('stack.mjs', args, nodeArguments);
  });
}
