import type { ServiceCore } from '@decent-cloud/runtime';
import type { NotificationsSettings } from '../../settings.ts';

const STATES = ['queued', 'sent', 'failed', 'dropped'];

/** Gauges of the mail queue. `failed` is what somebody should look at. */
export function observeMails({ metrics, database, clock, logger }: ServiceCore<NotificationsSettings>): void {
  const onError = (error: unknown) => logger.warn({ error }, 'cannot count mails');
  metrics.observe(
    'dc_mails',
    'Mails by state; ended ones are kept for 90 days',
    ['state'],
    async () => {
      const rows = await database.query<{ state: string; count: number }>(
        'select state, count(*)::int as count from mail group by state',
      );
      const counts = new Map(rows.map((row) => [row.state, row.count]));
      return STATES.map((state) => ({ labels: { state }, value: counts.get(state) ?? 0 }));
    },
    onError,
  );
  metrics.observe(
    'dc_mail_overdue_seconds',
    'How long the oldest mail that is due has waited past its time',
    [],
    async () => {
      const now = clock();
      const [row] = await database.query<{ due: bigint | null }>(
        "select min(next_attempt_at_ns) as due from mail where state = 'queued' and next_attempt_at_ns <= $1",
        [now],
      );
      return [{ value: row?.due == null ? 0 : Number(now - row.due) / 1e9 }];
    },
    onError,
  );
}
