import type { Command } from 'commander';
import { noun, type Run } from '../verb.ts';
import { addAgents } from './agents.ts';
import { addAutoAccept } from './auto-accept.ts';
import { addLeftoverMachines } from './leftover-machines.ts';
import { addPoolCreate } from './pool-create.ts';
import { addPoolDelete } from './pool-delete.ts';
import { addPoolList } from './pool-list.ts';
import { addPoolUpdate } from './pool-update.ts';
import { addRequests } from './requests.ts';
import { addRespond } from './respond.ts';
import { addRevokeAgent } from './revoke-agent.ts';
import { addSetupTokenCreate } from './setup-token-create.ts';
import { addStatus } from './status.ts';

export function addProviderCommands(program: Command, run: Run): void {
  const provider = noun(program, 'provider', 'letting machines');
  addStatus(provider, run);
  const pool = noun(provider, 'pool', 'agents at one location');
  addPoolCreate(pool, run);
  addPoolList(pool, run);
  addPoolUpdate(pool, run);
  addPoolDelete(pool, run);
  addSetupTokenCreate(noun(provider, 'setup-token', 'what an agent joins a pool with'), run);
  addAgents(provider, run);
  addRevokeAgent(provider, run);
  addLeftoverMachines(provider, run);
  addRequests(provider, run);
  addRespond(provider, run, 'accept');
  addRespond(provider, run, 'reject');
  addAutoAccept(provider, run);
}
