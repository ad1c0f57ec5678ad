import {
  createPool,
  createSetupToken,
  getAgentStatus,
  listDelegations,
  listPools,
} from '@decent-cloud/messages/agents';
import { listPendingRequests, respondToRequest } from '@decent-cloud/messages/contracts';
import { listProviderOfferings, setAutoAccept } from '@decent-cloud/messages/offerings';
import { Argument, type Command, Option } from 'commander';
import { newKey, withContext } from '../context.ts';
import { contractTable } from '../contract/show.ts';
import { offeringTable } from '../offering/commands.ts';
import { fields, table, time } from '../print.ts';

const LOCATIONS = ['europe', 'na', 'latam', 'apac', 'mena', 'ssa', 'cis'] as const;

export function addProviderCommands(program: Command): void {
  const provider = program.command('provider').description('letting machines: pools, agents, requests');
  addLooking(provider);
  addPools(provider);
  addRequests(provider);
}

function addLooking(provider: Command): void {
  provider
    .command('status')
    .description('the agent of a provider that was seen last')
    .option('--pubkey <hex>', 'another provider than oneself')
    .addHelpText('after', '\nExample: dc provider status')
    .action(
      withContext(async (context, options: { pubkey?: string }) => {
        const pubkey = options.pubkey ?? context.publicKey;
        const api = options.pubkey === undefined ? context.api : context.publicApi;
        const status = await api.call(
          getAgentStatus,
          { params: { pubkey } },
          { sign: options.pubkey === undefined },
        );
        context.print.result(status, () =>
          fields({
            Online: status.online,
            'Last heartbeat': time(status.lastHeartbeatNs ?? undefined),
            Version: status.version,
            Provisioner: status.provisionerType,
            'Active contracts': status.activeContracts,
          }),
        );
      }),
    );

  provider
    .command('offerings')
    .description('what a provider lets')
    .option('--pubkey <hex>', 'another provider than oneself')
    .addHelpText(
      'after',
      '\nExample: dc provider offerings --pubkey 991e46e4389b08d1191a20cc2428e0730f88d6726778f5cf775af8d2245a2be1',
    )
    .action(
      withContext(async (context, options: { pubkey?: string }) => {
        const params = { pubkey: options.pubkey ?? context.publicKey };
        const offerings = await context.publicApi.call(listProviderOfferings, { params });
        context.print.result(offerings, () => offeringTable(offerings));
      }),
    );

  provider
    .command('agents')
    .description('the own agents')
    .addHelpText('after', '\nExample: dc provider agents')
    .action(
      withContext(async ({ api, publicKey, print }) => {
        const agents = await api.call(listDelegations, { params: { pubkey: publicKey } });
        print.result(agents, () =>
          table(
            ['Agent', 'Label', 'Pool', 'Active', 'Online', 'Version'],
            agents.map((one) => [
              one.agentPubkey,
              one.label,
              one.poolId,
              one.active,
              one.online,
              one.version,
            ]),
          ),
        );
      }),
    );
}

function addPools(provider: Command): void {
  const pool = provider.command('pool').description('groups of agents at one location');

  pool
    .command('create')
    .requiredOption('--name <name>')
    .addOption(new Option('--location <region>').choices(LOCATIONS).makeOptionMandatory())
    .requiredOption('--provisioner <type>', 'proxmox, docker, local, …')
    .description('make a pool')
    .addHelpText(
      'after',
      '\nExample: dc provider pool create --name Berlin --location europe --provisioner docker',
    )
    .action(
      withContext(
        async (
          context,
          options: { name: string; location: (typeof LOCATIONS)[number]; provisioner: string },
        ) => {
          context.confirmWrite();
          const made = await context.api.call(
            createPool,
            {
              params: { pubkey: context.publicKey },
              body: { name: options.name, location: options.location, provisionerType: options.provisioner },
            },
            { idempotencyKey: newKey() },
          );
          context.print.result(made, () => fields({ Pool: made.poolId, Location: made.location }));
        },
      ),
    );

  pool
    .command('list')
    .description('the own pools')
    .addHelpText('after', '\nExample: dc provider pool list')
    .action(
      withContext(async ({ api, publicKey, print }) => {
        const pools = await api.call(listPools, { params: { pubkey: publicKey } });
        print.result(pools, () =>
          table(
            ['Pool', 'Name', 'Location', 'Type', 'Agents', 'Online', 'Contracts'],
            pools.map((one) => [
              one.poolId,
              one.name,
              one.location,
              one.provisionerType,
              one.agentCount,
              one.onlineCount,
              one.activeContracts,
            ]),
          ),
        );
      }),
    );

  provider
    .command('setup-token')
    .description('tokens with which an agent joins a pool')
    .command('create')
    .description('make a token; it is shown once')
    .requiredOption('--pool <id>')
    .option('--label <text>')
    .option('--expires-in-hours <hours>', 'how long it may be used', '24')
    .addHelpText('after', '\nExample: dc provider setup-token create --pool berlin-53f2d31f --label "node 1"')
    .action(
      withContext(async (context, options: { pool: string; label?: string; expiresInHours: string }) => {
        context.confirmWrite();
        const made = await context.api.call(
          createSetupToken,
          {
            params: { pubkey: context.publicKey, pool_id: options.pool },
            body: {
              expiresInHours: Number(options.expiresInHours),
              ...(options.label !== undefined && { label: options.label }),
            },
          },
          { idempotencyKey: newKey() },
        );
        context.print.result(made, () =>
          [
            fields({ Token: made.token, Expires: time(made.expiresAtNs) }),
            '',
            'At the provider:',
            `  npx dc-agent setup token --token ${made.token} --api-url ${context.options.apiUrl}`,
          ].join('\n'),
        );
      }),
    );
}

function addRequests(provider: Command): void {
  provider
    .command('requests')
    .description('rental requests that wait for an answer')
    .addHelpText('after', '\nExample: dc provider requests')
    .action(
      withContext(async ({ api, print }) => {
        const waiting = await api.call(listPendingRequests);
        print.result(waiting, () => contractTable(waiting));
      }),
    );

  for (const [name, accept] of [
    ['accept', true],
    ['reject', false],
  ] as const) {
    provider
      .command(name)
      .description(accept ? 'accept a rental request' : 'reject a rental request; the money goes back')
      .argument('<contract>')
      .option('--memo <text>')
      .addHelpText('after', `\nExample: dc provider ${name} 123959ac…`)
      .action(
        withContext(async (context, id: string, options: { memo?: string }) => {
          context.confirmWrite();
          const body = { accept, ...(options.memo !== undefined && { memo: options.memo }) };
          const message = await context.api.call(
            respondToRequest,
            { params: { id }, body },
            { idempotencyKey: newKey() },
          );
          context.print.result({ message }, () => message);
        }),
      );
  }

  provider
    .command('auto-accept')
    .description('accept paid requests without being asked')
    .addArgument(new Argument('<on|off>').choices(['on', 'off']))
    .addHelpText('after', '\nExample: dc provider auto-accept on')
    .action(
      withContext(async (context, choice: 'on' | 'off') => {
        context.confirmWrite();
        const set = await context.api.call(setAutoAccept, { body: { autoAcceptRentals: choice === 'on' } });
        context.print.result(set, () => `Auto-accept is ${set.autoAcceptRentals ? 'on' : 'off'}`);
      }),
    );
}
