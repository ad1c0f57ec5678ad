import { plainSshLine } from '@decent-cloud/messages/contracts';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { escapeText } from 'entities/escape';
import { MailServer } from './mail-server.ts';
import { newPerson, type Person, RunningNotifications, statusChange } from './running-notifications.ts';

// Breakers and closing servers take their seconds.
jest.setTimeout(60_000);

const server = new MailServer();
beforeAll(() => server.start());
const notifications = RunningNotifications.forFile(() => ({
  SMTP_URL: server.url,
  PUBLIC_URL: 'https://cloud.example.net',
  MAIL_MAX_ATTEMPTS: '3',
}));
afterAll(() => server.stop());

const known = async (name?: string): Promise<Person> => {
  const person = newPerson(name);
  await notifications.know(person);
  return person;
};
/** A person whose request has been accepted: one mail is due. */
const accepted = async (tenant: Person, more: Parameters<typeof statusChange>[2] = {}) => {
  const change = statusChange(tenant, newPerson(), { actor: 'provider', ...more });
  await notifications.changeStatus(change);
  return change;
};
const arrived = (person: Person) =>
  eventually(() => {
    const [mail] = server.to(person.email);
    return mail;
  });
const ended = (person: Person, state: string) =>
  eventually(async () => {
    const [mail] = await notifications.mailsOf(person);
    return mail?.state === state && mail;
  });
const gauge = async (name: string) => {
  const text = await notifications.service.metrics.registry.metrics();
  return Number(new RegExp(`^${name}.* (\\S+)$`, 'm').exec(text)?.[1]);
};

test('a mail says what happened and where to look, as text and as HTML', async () => {
  const tenant = await known();
  const change = await accepted(tenant, {
    to: 'rejected',
    reason: 'REJECTED_BY_PROVIDER',
    memo: 'sorry\r\nBcc: victim@example.com <script>alert(1)</script>',
  });
  const mail = await arrived(tenant);
  expect(mail.recipients).toEqual([tenant.email]);
  expect(mail.from?.text).toBe('"Decent Cloud" <noreply@decent-cloud.org>');
  expect(mail.subject).toBe('Rental Request Rejected');
  expect(mail.text).toContain(`Your rental request ${change.contractId.slice(0, 16)}... has been rejected.`);
  expect(mail.text).toContain('https://cloud.example.net/dashboard/marketplace');
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  expect(mail.headers.has('bcc')).toBe(false);
  expect(mail.html).toContain('&lt;script&gt;');
  expect(mail.html).not.toContain('<script>');
  await ended(tenant, 'sent');
});

test('the mail of a ready machine has the line that logs in, whole and to be copied, in both of its forms', async () => {
  const tenant = await known();
  const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
  const sshLogin = { host: '192.0.2.7', port: 2222, user: 'root', hostKey };
  const { contractId } = await accepted(tenant, { from: 'provisioning', to: 'provisioned', sshLogin });
  const mail = await arrived(tenant);
  const line = plainSshLine(sshLogin, contractId);
  expect(line).toContain(hostKey);
  expect(mail.text?.split('\n')).toContain(line);
  expect(mail.text).toContain(`Log in: dc contract ssh ${contractId}\n`);
  expect(mail.html).toContain(`<br>${escapeText(line)}<`);
  expect(mail.text).toContain(`https://cloud.example.net/dashboard/rentals?contract=${contractId}`);
});

test('while the mail server is down mails wait and spend no attempt; up again, each arrives once', async () => {
  await server.stop();
  const people = [await known(), await known(), await known()];
  for (const person of people) await accepted(person);
  await eventually(async () => {
    const mails = await Promise.all(people.map((person) => notifications.mailsOf(person)));
    return mails.flat().every((mail) => mail.last_error !== null);
  });
  for (let minute = 0; minute < 10; minute++) {
    notifications.forward(60);
    await eventually(async () => (await gauge('dc_mail_overdue_seconds')) < 30);
  }
  for (const person of people) {
    expect(await notifications.mailsOf(person)).toMatchObject([{ state: 'queued' }]);
  }
  await server.start();
  for (const person of people) {
    await eventually(
      async () => {
        notifications.forward(60);
        const [mail] = await notifications.mailsOf(person);
        return mail?.state === 'sent';
      },
      // The breaker leaves a dead server alone for ten seconds.
      { deadlineMs: 20_000, everyMs: 200 },
    );
    expect(server.to(person.email)).toHaveLength(1);
  }
});

test('a server that takes mails and never says so gets each a few times at most, with growing waits', async () => {
  const silent = new MailServer();
  silent.confirms = false;
  await silent.start();
  const env = { SMTP_URL: silent.url, SMTP_CONFIRM_SECONDS: '0.3', MAIL_MAX_ATTEMPTS: '3' };
  const during = RunningNotifications.during(env, async (others) => {
    const person = newPerson();
    await others.know(person);
    await others.changeStatus(statusChange(person, newPerson(), { actor: 'provider' }));
    const waits: bigint[] = [];
    for (const attempts of [1, 2]) {
      const mail = await eventually(async () => {
        const [now] = await others.mailsOf(person);
        return now?.attempts === attempts && !now.in_hand && now.last_error !== null && now;
      });
      waits.push(mail.next_attempt_at_ns - others.clock());
      others.forward(1_000);
    }
    expect(Number(waits[1]) / Number(waits[0])).toBeGreaterThan(1.5);
    const failed = await eventually(async () => {
      const [now] = await others.mailsOf(person);
      return now?.state === 'failed' && now;
    });
    expect(failed.last_error).toContain('had the mail and did not confirm it');
    expect(silent.to(person.email)).toHaveLength(3);
  });
  await during.finally(() => silent.stop());
});

test('an address that the server never takes fails without holding up the others', async () => {
  const poison = await known('busy');
  const gone = await known('gone');
  await accepted(poison);
  await accepted(gone);
  const others = [await known(), await known(), await known(), await known(), await known(), await known()];
  for (const other of others) await accepted(other);
  for (const other of others) await arrived(other);
  expect(await ended(gone, 'failed')).toMatchObject({ attempts: 1 });
  for (const attempts of [1, 2]) {
    await eventually(async () => {
      const [mail] = await notifications.mailsOf(poison);
      return mail?.attempts === attempts && mail.last_error !== null && !mail.in_hand;
    });
    expect(await notifications.mailsOf(poison)).toMatchObject([{ state: 'queued' }]);
    notifications.forward(600);
  }
  expect(await ended(poison, 'failed')).toMatchObject({
    attempts: 3,
    last_error: expect.stringContaining('450'),
  });
  expect(await gauge('dc_mails\\{state="failed"')).toBe(2);
  expect(server.to(poison.email)).toEqual([]);
});

test('a worker that dies before it can note the success sends the same mail again, not another one', async () => {
  const tenant = await known();
  await accepted(tenant);
  await ended(tenant, 'sent');
  // What such a worker leaves behind: a queued row under a lease.
  await notifications.service.database.query(
    "update mail set state = 'queued', ended_at_ns = null, leased_until_ns = $2 where account_id = $1",
    [tenant.accountId, notifications.clock() + 60_000_000_000n],
  );
  const other = await known();
  await accepted(other);
  await arrived(other);
  expect(server.to(tenant.email)).toHaveLength(1);
  notifications.forward(61);
  await ended(tenant, 'sent');
  const ids = server.to(tenant.email).map((mail) => mail.messageId);
  expect(ids).toHaveLength(2);
  expect(ids[0]).toBe(ids[1]);
  const [row] = await notifications.mailsOf(tenant);
  expect(ids[0]).toBe(`<${row?.id}@decent-cloud.org>`);
});

test('a request that is answered by itself brings its provider one mail, an unanswered one after a while', async () => {
  const [quick, slow, late] = [await known(), await known(), await known()];
  const request = (provider: Person) =>
    statusChange(newPerson(), provider, { version: 1, from: undefined, to: 'requested', actor: 'tenant' });
  const automatic = request(quick);
  await notifications.changeStatus(automatic);
  await notifications.changeStatus({
    ...automatic,
    version: 2,
    from: 'requested',
    to: 'accepted',
    actor: 'system',
  });
  // The same, but the facts come in the wrong order.
  const reversed = request(late);
  await notifications.changeStatus({
    ...reversed,
    version: 2,
    from: 'requested',
    to: 'accepted',
    actor: 'system',
  });
  await notifications.changeStatus(reversed);
  await notifications.changeStatus(request(slow));
  await arrived(quick);
  expect(await notifications.mailsOf(slow)).toMatchObject([{ state: 'queued', attempts: 0 }]);
  notifications.forward(121);
  expect((await arrived(slow)).subject).toBe('New Rental Request');
  for (const person of [quick, late]) {
    expect((await arrived(person)).subject).toBe('Rental Accepted Automatically');
    expect(server.to(person.email)).toHaveLength(1);
  }
  expect((await notifications.mailsOf(quick)).map(({ state }) => state).sort()).toEqual(['dropped', 'sent']);
});

test('a mail waits for the address of an account that is not known yet; without one it is dropped', async () => {
  const early = newPerson();
  await accepted(early);
  const marker = await known();
  await accepted(marker);
  await arrived(marker);
  expect(await notifications.mailsOf(early)).toMatchObject([{ state: 'queued', attempts: 0 }]);
  await notifications.know(early);
  await arrived(early);

  const nameless = newPerson();
  await accepted(nameless);
  await notifications.know(nameless, null);
  await ended(nameless, 'dropped');
  const unknown = newPerson();
  await accepted(unknown);
  notifications.forward(86_401);
  await ended(unknown, 'dropped');
});

test('accounts that nobody registered get no mail', async () => {
  const person = newPerson();
  await notifications.know(person, null);
  await accepted(person);
  expect(await notifications.mailsOf(person)).toEqual([]);
});

test('without a mail server everything but mail works, and the queue can be seen', async () => {
  await RunningNotifications.during({}, async (quiet) => {
    const person = newPerson();
    await quiet.know(person);
    await quiet.changeStatus(statusChange(person, newPerson(), { actor: 'provider' }));
    expect(await quiet.mailsOf(person)).toMatchObject([{ state: 'queued', attempts: 0 }]);
    const base = `http://127.0.0.1:${quiet.service.opsPort}`;
    expect((await fetch(`${base}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/dc_mails\{state="queued".*\} 1/);
    quiet.forward(8 * 86_400);
    await eventually(async () => (await quiet.mailsOf(person))[0]?.state === 'failed');
  });
});

test('in production mailboxes of test domains are left alone', async () => {
  const env = { ENVIRONMENT: 'prod', SMTP_URL: server.url };
  await RunningNotifications.during(env, async (production) => {
    const [reserved, real] = [newPerson(), { ...newPerson(), email: 'real@mail.decent-cloud.org' }];
    for (const person of [reserved, real]) {
      await production.know(person);
      await production.changeStatus(statusChange(person, newPerson(), { actor: 'provider' }));
    }
    await arrived(real);
    await eventually(async () => (await production.mailsOf(reserved))[0]?.state === 'dropped');
    expect(server.to(reserved.email)).toEqual([]);
  });
});
