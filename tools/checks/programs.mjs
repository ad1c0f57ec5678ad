import { services } from '../services.mjs';

/**
 * Every file of ours that is run as a program. `needs-node`: says so and ends with 3 under a Node that it does not work
 * on. `older-node`: works there as well, or goes on under the Node that the repository brings.
 * @type {Record<string, 'needs-node' | 'older-node'>}
 */
export const programs = {
  ...Object.fromEntries(
    [...services.map(({ name }) => name), 'provider-agent', 'cli', 'demo', 'bench', 'simulator'].map(
      (name) => [`apps/${name}/src/main.ts`, /** @type {const} */ ('needs-node')],
    ),
  ),
  'apps/bench/programs/echo-service.mjs': 'needs-node',
  'apps/bench/programs/empty-nest.mjs': 'needs-node',
  'apps/bench/programs/transition.mjs': 'needs-node',
  'apps/bench/programs/verify-rates.mjs': 'needs-node',
  'apps/payments/src/check-books/main.ts': 'needs-node',
  'apps/cli/bin/dc.mjs': 'older-node',
  'apps/provider-agent/bin/dc-agent.mjs': 'older-node',
  'deploy/compose/prepare.mjs': 'needs-node',
  'deploy/images/collect.mjs': 'needs-node',
  'deploy/images/healthy.mjs': 'older-node',
  'tools/bench.mjs': 'older-node',
  'tools/boundaries.mjs': 'needs-node',
  'tools/build.mjs': 'older-node',
  'tools/bundles/run.mjs': 'needs-node',
  'tools/compatibility-page.mjs': 'older-node',
  'tools/dev.mjs': 'older-node',
  'tools/fuzz-signatures.mjs': 'needs-node',
  'tools/generate.mjs': 'older-node',
  'tools/servers/mail-catcher.mjs': 'older-node',
  'tools/servers/nats-server.mjs': 'older-node',
  'tools/service-files.mjs': 'needs-node',
  'tools/simulate.mjs': 'older-node',
  'tools/stack/stack.mjs': 'needs-node',
  'tools/start.mjs': 'older-node',
  'tools/test-docker.mjs': 'older-node',
  'tools/test.mjs': 'older-node',
  'tools/trace.mjs': 'older-node',
  'tools/verify.mjs': 'older-node',
};
