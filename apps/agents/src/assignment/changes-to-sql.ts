/** Columns of assignments and machines by the names that they have here. */
const COLUMNS: Readonly<Record<string, string>> = {
  state: 'state',
  generation: 'generation',
  waitingSinceNs: 'waiting_since_ns',
  retryAgent: 'retry_agent',
  dueAtNs: 'due_at_ns',
  removedAtNs: 'removed_at_ns',
  failureReason: 'failure_reason',
  desired: 'desired',
  outcome: 'outcome',
  externalId: 'external_id',
  settledAtNs: 'settled_at_ns',
  absentSinceNs: 'absent_since_ns',
  orders: 'orders',
  nextOrderAtNs: 'next_order_at_ns',
  lostAtNs: 'lost_at_ns',
  availability: 'availability',
  instance: 'instance',
  availabilityVersion: 'availability_version',
  downSinceNs: 'down_since_ns',
  downNs: 'down_ns',
  deadlineNs: 'deadline_ns',
  leaseExpiresAtNs: 'lease_expires_at_ns',
  madeByPolling: 'made_by_polling',
  toldToGoAtNs: 'told_to_go_at_ns',
};

/** `set` part of an update; `undefined` members are left as they are. */
export function setOf(changes: object, from: number): { text: string; values: unknown[] } {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return {
    text: given.map(([name], index) => `${COLUMNS[name]} = $${from + index}`).join(', '),
    values: given.map(([, value]) => value),
  };
}
