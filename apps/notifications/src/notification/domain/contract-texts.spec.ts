import { facts } from '@decent-cloud/messages';
import { CONTRACT_STATUSES } from '@decent-cloud/messages/words';
import type { z } from 'zod';
import { type StatusChange, tellStatusChange } from './contract-texts.ts';

const sample = (facts.contractStatusChanged.payload as unknown as z.ZodType<StatusChange>).parse(
  facts.contractStatusChanged.sample,
);
const change = (more: Partial<StatusChange>): StatusChange => ({ ...sample, ...more });
const ID = `${sample.contractId.slice(0, 16)}...`;
const LINK = `/dashboard/rentals?contract=${sample.contractId}`;

test('an accepted request is told in the words that clients know', () => {
  const told = tellStatusChange(change({ to: 'accepted', actor: 'provider' }));
  expect(told.tenant).toEqual({
    type: 'contract_status',
    title: 'Rental Request Accepted',
    body: `Your rental request ${ID} has been accepted. Provisioning will begin shortly.`,
    linkPath: LINK,
    mail: 'now',
  });
  expect(told.provider).toBeUndefined();
});

test('a provider learns of what was accepted without being asked', () => {
  const { provider } = tellStatusChange(change({ to: 'accepted', actor: 'system' }));
  expect(provider).toMatchObject({ title: 'Rental Accepted Automatically', mail: 'now' });
  expect(provider?.body).toContain('"Small VPS"');
  expect(provider?.body).toContain('1 hour, 0.013888888 USD.');
});

test('what is not paid is no news for the provider', () => {
  const unpaid = { from: 'requested', actor: 'system', paymentStatus: 'pending' } as const;
  expect(tellStatusChange(change({ ...unpaid, from: undefined, to: 'requested' }))).toEqual({});
  const expired = tellStatusChange(change({ ...unpaid, to: 'expired', reason: 'PAYMENT_TIMEOUT' }));
  expect(expired.tenant?.title).toBe('Rental Request Expired');
  expect(expired.provider).toBeUndefined();
  expect(tellStatusChange(change({ ...unpaid, to: 'cancelled', actor: 'tenant' })).provider).toBeUndefined();
});

test('a refusal at the charge is told to nobody who has it as an answer, and to a tenant who has none', () => {
  const refused = {
    from: 'requested',
    to: 'cancelled',
    actor: 'system',
    paymentStatus: 'failed',
    reason: 'INSUFFICIENT_BALANCE',
  } as const;
  expect(tellStatusChange(change({ ...refused, isAnswered: true }))).toEqual({});
  const told = tellStatusChange(change(refused));
  expect(told.tenant?.body).toContain('Top up the wallet');
  expect(told.provider).toBeUndefined();
});

test('a request is for the provider, by mail only if it stays unanswered', () => {
  const told = tellStatusChange(change({ from: undefined, to: 'requested', actor: 'tenant' }));
  expect(told.tenant).toBeUndefined();
  expect(told.provider).toMatchObject({
    type: 'rental_request',
    body: `Rental request ${ID} for "Small VPS": 1 hour, 0.013888888 USD.`,
    mail: 'later',
  });
});

test('a rejection says why, and what the provider said, on one line', () => {
  const told = tellStatusChange(
    change({ to: 'rejected', actor: 'provider', reason: 'REJECTED_BY_PROVIDER', memo: 'no\r\nroom' }),
  );
  expect(told.tenant?.body).toBe(
    `Your rental request ${ID} has been rejected. The provider rejected the request. The money was returned. Message: "no room"`,
  );
  expect(told.provider).toBeUndefined();
});

test('a machine that is ready is told to both', () => {
  const told = tellStatusChange(change({ from: 'provisioning', to: 'provisioned', actor: 'provider' }));
  expect(told.tenant).toMatchObject({ type: 'contract_provisioned', mail: 'now', linkPath: LINK });
  expect(told.tenant?.body).toMatch(/ Log in: dc contract ssh [0-9a-f]{64}$/);
  expect(told.provider).toMatchObject({ type: 'contract_status', mail: 'none' });
});

test('it is logged in to without dc by one line to copy, which the provider is not told', () => {
  const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7';
  const sshLogin = { host: '192.0.2.7', port: 2222, user: 'root', hostKey };
  const ready = { from: 'provisioning', to: 'provisioned', actor: 'provider' } as const;
  const told = tellStatusChange(change({ ...ready, sshLogin }));
  const file = `~/.ssh/dc-${sample.contractId.slice(0, 16)}`;
  expect(told.tenant?.body.split('\n\n')).toEqual([
    `The machine of your rental ${ID} ("Small VPS") is ready. Log in: dc contract ssh ${sample.contractId}`,
    'Or without dc (with "ssh -i FILE" if the key is none that ssh tries by itself):',
    `mkdir -p ~/.ssh && echo '[192.0.2.7]:2222 ${hostKey}' > ${file} && ssh -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=yes -p 2222 -l root -- 192.0.2.7`,
  ]);
  expect(told.provider?.body).not.toContain('192.0.2.7');
  const keyless = tellStatusChange(change({ ...ready, sshLogin: { ...sshLogin, hostKey: undefined } }));
  expect(keyless.tenant?.body.split('\n\n').slice(2)).toEqual([
    'ssh -p 2222 -l root -- 192.0.2.7',
    expect.stringContaining('reported no host key'),
  ]);
});

test('a failure tells both sides the reason and what the agent said', () => {
  const told = tellStatusChange(
    change({ to: 'provisioningfailed', actor: 'provider', reason: 'PROVISIONING_FAILED', memo: 'disk full' }),
  );
  expect(told.tenant?.body).toContain('The provider could not make the machine. The money was returned.');
  expect(told.tenant?.body).toContain('Message: "disk full"');
  expect(told.provider).toMatchObject({ title: 'Provisioning Failed', mail: 'now' });
});

test('a provider is not told to top up the wallet of somebody else', () => {
  const told = tellStatusChange(
    change({ from: 'requested', to: 'cancelled', actor: 'system', reason: 'INSUFFICIENT_BALANCE' }),
  );
  expect(told.tenant?.body).toContain('Top up the wallet');
  expect(told.provider?.body).toContain('The payment did not go through.');
  expect(told.provider?.body).not.toContain('Top up');
  expect(told.provider?.mail).toBe('none');
});

test('the message of the one who cancels is for the other side', () => {
  const told = tellStatusChange(
    change({ from: 'active', to: 'cancelled', actor: 'tenant', reason: 'CANCELLED_BY_TENANT', memo: 'bye' }),
  );
  expect(told.tenant?.body).not.toContain('bye');
  expect(told.provider).toMatchObject({ mail: 'now', body: expect.stringContaining('Message: "bye"') });
});

test('the end of a rental and the end of a request are different things', () => {
  const ended = tellStatusChange(
    change({ from: 'active', to: 'expired', actor: 'system', reason: 'TERM_ENDED' }),
  );
  expect([ended.tenant?.title, ended.provider?.title]).toEqual(['Rental Ended', 'Rental Ended']);
  const missed = tellStatusChange(
    change({ from: 'requested', to: 'expired', actor: 'system', reason: 'RESPONSE_TIMEOUT' }),
  );
  expect(missed.tenant?.title).toBe('Rental Request Expired');
  expect(missed.provider?.mail).toBe('now');
});

test('going active is news only after a pause', () => {
  expect(tellStatusChange(change({ from: 'provisioned', to: 'active', actor: 'system' }))).toEqual({});
  expect(tellStatusChange(change({ from: 'paused', to: 'active', actor: 'system' })).tenant?.title).toBe(
    'Rental Resumed',
  );
});

test('every status can be told; one of a newer version, or a nasty one, is named as it is', () => {
  for (const to of CONTRACT_STATUSES) expect(() => tellStatusChange(change({ to }))).not.toThrow();
  for (const to of ['hibernated', 'constructor', '__proto__']) {
    const told = tellStatusChange(change({ to }));
    expect(told.tenant?.body).toContain(`is now ${to}.`);
    expect(told.provider?.body).toContain(`is now ${to}.`);
  }
  expect(tellStatusChange(change({ to: 'paused', reason: 'stripe_dispute:1' })).tenant?.body).toContain(
    'Reason: stripe_dispute:1.',
  );
});
