import { type Caller, facts, requests } from '@decent-cloud/messages';
import { countUnread, listNotifications, markRead } from '@decent-cloud/messages/notifications';
import { ANY_SERVICE, eventually, sayFact } from '@decent-cloud/testing';
import { OnAccountRegistered } from '../src/channels/mail/on-account-registered.ts';
import { OnRefundIssued } from '../src/notification/on-refund-issued.ts';
import { OnRentalRequested } from '../src/notification/on-rental-requested.ts';
import { OnWalletChanged } from '../src/notification/on-wallet-changed.ts';
import { PurgeOld } from '../src/purge-old.ts';
import { newPerson, type Person, RunningNotifications, statusChange } from './running-notifications.ts';

const notifications = RunningNotifications.forFile();

const as = ({ publicKey, accountId }: Person): Caller => ({ kind: 'user', publicKey, accountId });
const list = (
  person: Person,
  query: { limit?: number; offset?: number; cursor?: string } = {},
  caller = as(person),
) => notifications.ask(listNotifications, { params: { pubkey: person.publicKey }, query }, caller);
const unread = async (person: Person) =>
  (await notifications.ask(countUnread, { params: { pubkey: person.publicKey } }, as(person))).unreadCount;
const read = (person: Person, ids: bigint[]) =>
  notifications.ask(markRead, { params: { pubkey: person.publicKey }, body: { ids } }, as(person));
const rowsOf = (person: Person) =>
  notifications.service.database.query<{ title: string; body: string }>(
    'select title, body from notification where account_id = $1 order by id',
    [person.accountId],
  );

test('a fact on the bus becomes a notification for tenant and provider, once', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  const change = statusChange(tenant, provider);
  for (let time = 0; time < 2; time++) {
    await sayFact(
      notifications.service.bus.connection,
      facts.contractStatusChanged,
      change,
      `once-${change.contractId}`,
    );
  }
  const [mine] = await eventually(async () => {
    const found = await list(tenant);
    return found.length > 0 && found;
  });
  expect(mine).toEqual({
    id: expect.anything(),
    notificationType: 'contract_status',
    title: 'Rental Request Accepted',
    body: `Your rental request ${change.contractId.slice(0, 16)}... has been accepted. Provisioning will begin shortly.`,
    contractId: change.contractId,
    createdAt: expect.anything(),
  });
  expect(mine?.createdAt).toBeLessThan(100_000_000_000n);
  expect((await list(provider)).map(({ title }) => title)).toEqual(['Rental Accepted Automatically']);
  expect(await unread(tenant)).toBe(1);
  const asked = { body: { publicKey: tenant.publicKey } };
  expect(await notifications.ask(requests.holdingsOfKeyInNotifications, asked, ANY_SERVICE)).toEqual({
    holdings: [{ what: 'notifications', count: 1 }],
  });
});

test('a paid request is told to its provider, by mail unless it has moved on', async () => {
  const tell = async (version: number) => {
    const [tenant, provider] = [newPerson(), newPerson()];
    await notifications.know(provider);
    const change = statusChange(tenant, provider, { version: 2, paymentStatus: 'succeeded' });
    if (version < 2) await notifications.changeStatus(change);
    await notifications.react<typeof facts.rentalRequested>(OnRentalRequested, {
      ...change,
      version,
      status: 'requested',
    });
    const titles = (await list(provider)).map(({ title }) => title);
    return { titles, mails: (await notifications.mailsOf(provider)).length };
  };
  expect(await tell(2)).toEqual({ titles: ['New Rental Request'], mails: 1 });
  expect(await tell(1)).toEqual({
    titles: ['New Rental Request', 'Rental Accepted Automatically'],
    mails: 1,
  });
});

test('every reaction that runs twice for one fact leaves the same behind', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  await notifications.know(tenant);
  const { accountId } = tenant;
  const change = statusChange(tenant, provider);
  const { contractId } = change;
  const money = { accountId, currency: 'USD', atNs: 1n };
  for (let time = 0; time < 2; time++) {
    await notifications.changeStatus(change, 'm1');
    await notifications.react<typeof facts.refundIssued>(
      OnRefundIssued,
      { ...money, contractId, amountE9s: 12_345_678_901n },
      'm2',
    );
    await notifications.react<typeof facts.walletChanged>(
      OnWalletChanged,
      { ...money, entryType: 'topup', amountE9s: 5_000_000_000n, balanceE9s: 5_000_000_000n },
      'm3',
    );
    await notifications.react<typeof facts.walletChanged>(
      OnWalletChanged,
      { ...money, entryType: 'rental_debit', amountE9s: -1n, balanceE9s: 4_999_999_999n },
      'm4',
    );
  }
  const rows = await rowsOf(tenant);
  expect(rows.map(({ title }) => title)).toEqual([
    'Rental Request Accepted',
    'Refund Issued',
    'Wallet Topped Up',
  ]);
  expect(rows[1]?.body).toContain('12.345678901 USD');
  expect(await notifications.mailsOf(tenant)).toHaveLength(3);
  expect(await notifications.mailsOf(provider)).toHaveLength(1);
});

test('the newest word on an address counts, in whatever order it comes', async () => {
  const person = newPerson();
  const { accountId, publicKey } = person;
  const say = (email: string | undefined, atNs: bigint) =>
    notifications.react<typeof facts.accountRegistered>(OnAccountRegistered, {
      accountId,
      publicKey,
      username: 'x',
      email,
      atNs,
    });
  const address = async () =>
    (
      await notifications.service.database.query<{ email: string | null }>(
        'select email from recipient where account_id = $1',
        [accountId],
      )
    )[0]?.email;
  await say(undefined, 1n);
  expect(await address()).toBeNull();
  await say('late@example.com', 2n);
  await say(undefined, 1n);
  expect(await address()).toBe('late@example.com');
  await say('a@example.com\r\nBcc: b@example.com', 3n);
  expect(await address()).toBeNull();
});

test('who rents from oneself is told once', async () => {
  const person = newPerson();
  await notifications.changeStatus(statusChange(person, person, { to: 'provisioned', from: 'provisioning' }));
  expect((await list(person)).map(({ title }) => title)).toEqual(['Your Machine Is Ready']);
});

test('a provider without an account is told by key, and finds it after registering', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  await notifications.changeStatus(statusChange(tenant, provider, { providerAccountId: undefined }));
  const { publicKey } = provider;
  expect(await list(provider, {}, { kind: 'user', publicKey })).toHaveLength(1);
  expect(await list(provider)).toHaveLength(1);
  expect(await notifications.mailsOf(provider)).toEqual([]);
});

test('another key of the account sees the same; strangers, agents and the unsigned see nothing', async () => {
  const [tenant, provider, stranger] = [newPerson(), newPerson(), newPerson()];
  await notifications.changeStatus(statusChange(tenant, provider));
  const second = { ...tenant, publicKey: newPerson().publicKey };
  expect(await list(second)).toHaveLength(1);
  expect(await list(stranger)).toEqual([]);
  expect(await unread(stranger)).toBe(0);
  await expect(list(tenant, {}, { kind: 'anonymous' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const agent: Caller = {
    kind: 'agent',
    publicKey: stranger.publicKey,
    providerPublicKey: tenant.publicKey,
    permissions: [],
  };
  await expect(list(tenant, {}, agent)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('pages, newest first, by cursor and by offset', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  for (let index = 0; index < 5; index++) await notifications.changeStatus(statusChange(tenant, provider));
  const all = await list(tenant);
  expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => (a > b ? -1 : 1)));
  expect(await list(tenant, { limit: 2, cursor: String(all[1]?.id) })).toEqual(all.slice(2, 4));
  expect(await list(tenant, { limit: 2, offset: 4 })).toEqual(all.slice(4));
  await expect(list(tenant, { cursor: 'next' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  await expect(list(tenant, { limit: 201 })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
});

test('one marks own ones as read, some or all; those of others are left alone', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  for (let index = 0; index < 3; index++) await notifications.changeStatus(statusChange(tenant, provider));
  const [newest] = await list(tenant);
  const [theirs] = await list(provider);
  await read(tenant, [newest?.id ?? 0n, theirs?.id ?? 0n]);
  expect(await unread(tenant)).toBe(2);
  expect(await unread(provider)).toBe(3);
  const first = await list(tenant);
  expect(first[0]?.readAt).toBeGreaterThan(0n);
  expect(first[1]).not.toHaveProperty('readAt');
  await read(tenant, []);
  expect(await unread(tenant)).toBe(0);
  expect((await list(tenant))[0]?.readAt).toBe(first[0]?.readAt);
  expect(await unread(provider)).toBe(3);
});

test('read ones go after 90 days, unread ones stay', async () => {
  const [tenant, provider] = [newPerson(), newPerson()];
  await notifications.changeStatus(statusChange(tenant, provider));
  await notifications.changeStatus(statusChange(tenant, provider));
  const [newest] = await list(tenant);
  await read(tenant, [newest?.id ?? 0n]);
  const purge = (days: bigint) =>
    notifications.service.get(PurgeOld).sweep(notifications.clock() + days * 86_400n * 1_000_000_000n);
  await purge(89n);
  expect(await list(tenant)).toHaveLength(2);
  await purge(91n);
  const left = await list(tenant);
  expect(left).toHaveLength(1);
  expect(left[0]?.id).not.toBe(newest?.id);
});
