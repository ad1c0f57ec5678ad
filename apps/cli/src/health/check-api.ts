import { ApiError } from '@decent-cloud/client';
import { getHealth } from '@decent-cloud/messages/gateway';
import type { Session } from '../session.ts';

export interface Check {
  readonly name: string;
  readonly healthy: boolean;
  readonly latencyMs: number | undefined;
  readonly message: string;
}

/** Whether the gateway answers, and how fast. */
export async function checkApi(session: Session): Promise<Check> {
  const startedAt = performance.now();
  try {
    const { success, message } = await session.call(getHealth, {});
    return { name: 'api', healthy: success, latencyMs: Math.round(performance.now() - startedAt), message };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { name: 'api', healthy: false, latencyMs: undefined, message: error.message };
  }
}

export const checkLine = ({ name, healthy, latencyMs, message }: Check, width = 0): string =>
  `${healthy ? '✓' : '✗'} ${name.padEnd(width)}  ${healthy ? 'healthy' : 'unhealthy'}` +
  `${latencyMs === undefined ? '' : ` (${latencyMs} ms)`}${healthy || message === '' ? '' : `: ${message}`}\n`;
