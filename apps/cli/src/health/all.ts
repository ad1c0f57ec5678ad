import { ApiError } from '@decent-cloud/client';
import { getStatus } from '@decent-cloud/messages/gateway';
import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import { type Run, verb } from '../verb.ts';
import { type Check, checkApi, checkLine } from './check-api.ts';

export function addAll(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'all',
    summary: 'which parts of the platform work?',
    example: 'health all',
    async run(session) {
      const api = await checkApi(session);
      const checks = api.healthy ? [api, ...(await checkServices(session))] : [api];
      const healthy = checks.every((check) => check.healthy);
      const width = Math.max(...checks.map(({ name }) => name.length));
      return {
        json: { healthy, checks },
        text: checks.map((check) => checkLine(check, width)).join(''),
        exitCode: healthy ? EXIT.ok : EXIT.failure,
      };
    },
  });
}

async function checkServices(session: Session): Promise<Check[]> {
  try {
    const { services } = await session.call(getStatus, {});
    return services.map(({ name, up, latencyMs }) => ({
      name,
      healthy: up,
      latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs),
      message: up ? '' : 'does not answer',
    }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [{ name: 'services', healthy: false, latencyMs: undefined, message: error.message }];
  }
}
