import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { generateKeyPair, parseSshPublicKey, sealCredential } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { EXIT } from './exit.ts';
import { run } from './run.ts';
import { printSshPublicKey } from './ssh/openssh-key.ts';

const ID = 'cd'.repeat(32);
const HOST_KEY = printSshPublicKey(generateKeyPair(), 'host');
const MACHINE = {
  external_id: 'm-1',
  public_ip: '127.0.0.1',
  ssh_port: 2222,
  ssh_user: 'tenant',
  ssh_host_key: HOST_KEY,
};

const OFFERING = {
  offering_id: 'x',
  offer_name: 'X',
  setup_fee: 0,
  visibility: 'private',
  product_type: 'compute',
  billing_interval: 'monthly',
  billing_unit: 'month',
  is_subscription: false,
  stock_status: 'in_stock',
  unmetered_bandwidth: false,
  datacenter_country: 'DE',
  datacenter_city: 'Berlin',
  is_draft: false,
};

/** One contract at a platform that does what each test says. */
describe('a rental', () => {
  let home: string;
  let server: Server;
  let apiUrl: string;
  let contract: Record<string, unknown>;
  let calls: string[];
  let streams: ServerResponse[];
  let onRead: (count: number) => void;
  let envelope: string;
  /** Absent: a platform that knows none. */
  let steps: object[] | undefined;
  let events: object[];
  let scriptRun: object | null;
  /** What the list of own rentals shows, newest first; by default the one contract. */
  let others: object[];
  let topUp: object;
  let price: { monthly_price: number; currency: string };
  let rented: Record<string, unknown>;
  let operations: { kind: string; body: string }[];
  let abort: AbortController;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => {
        body += piece;
      });
      request.on('end', () => answer(`${request.method} ${request.url?.split('?')[0]}`, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'dc-journey-'));
    [calls, streams, onRead, envelope] = [[], [], () => undefined, ''];
    steps = undefined;
    [events, scriptRun, operations] = [[], null, []];
    others = [];
    price = { monthly_price: 7.2, currency: 'USD' };
    abort = new AbortController();
    await dc('identity', 'generate', '--name', 'me');
    contract = {
      contract_id: ID,
      requester_pubkey: publicKey(),
      requester_ssh_pubkey: '',
      requester_contact: '',
      provider_pubkey: publicKey(),
      offering_id: 'x',
      payment_amount_e9s: 2n ** 60n + 1n,
      request_memo: '',
      created_at_ns: 1_795_415_157_151_753_001n,
      status: 'requested',
      payment_method: 'wallet',
      payment_status: 'succeeded',
      currency: 'USD',
      cancel_at_period_end: false,
      auto_renew: false,
    };
  });
  afterEach(() => {
    rmSync(home, { recursive: true, force: true });
  });

  function answer(call: string, body: string, response: ServerResponse): void {
    calls.push(call);
    const send = (data: unknown) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(printExactJson({ success: true, data }));
    if (call === 'POST /api/v1/contracts') {
      rented = JSON.parse(body);
      contract.requester_ssh_pubkey = rented.ssh_pubkey;
      send({ contractId: ID, message: 'Rental request created successfully' });
    } else if (call === `GET /api/v1/users/${publicKey()}/contracts`) {
      send(others.length > 0 ? others : [contract]);
    } else if (call === `POST /api/v1/users/${publicKey()}/wallet/topup`) {
      send(topUp);
    } else if (call === 'GET /api/v1/offerings/7') {
      send({ ...OFFERING, ...price });
    } else if (call === `GET /api/v1/contracts/${ID}`) {
      send(contract);
      onRead(calls.filter((one) => one === call).length);
    } else if (call === `PUT /api/v1/contracts/${ID}/cancel` && contract.status === 'cancelled') {
      response.writeHead(409, { 'content-type': 'application/json' }).end(
        printExactJson({
          success: false,
          error: 'Cannot move',
          code: 'TRANSITION_NOT_ALLOWED',
          requestId: 'r-1',
        }),
      );
    } else if (call === `PUT /api/v1/contracts/${ID}/cancel`) {
      contract.status = 'cancelled';
      send('cancelled');
    } else if (call === `GET /api/v1/contracts/${ID}/credentials`) send(envelope);
    else if (call === `GET /api/v1/contracts/${ID}/script-run`) send(scriptRun);
    else if (call === `GET /api/v1/contracts/${ID}/events`) send(events);
    else if (call === `PUT /api/v1/contracts/${ID}/when-machine-lost`) {
      contract.when_machine_lost = JSON.parse(body).whenMachineLost;
      send('said');
    } else if (call.startsWith(`POST /api/v1/contracts/${ID}/`)) {
      operations.push({ kind: call.split('/').at(-1) ?? '', body });
      send('requested');
    } else if (steps && call === `GET /api/v1/contracts/${ID}/steps`)
      send({ contract_id: ID, status: contract.status, as_of_ns: 1_795_415_157_151_753_001n, steps });
    else if (call === 'GET /api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      streams.push(response);
    } else
      response.writeHead(404).end(JSON.stringify({ success: false, error: 'no', code: 'UNKNOWN_ENDPOINT' }));
  }

  const publicKey = (): string =>
    JSON.parse(readFileSync(join(home, '.decent-cloud/me.json'), 'utf8')).public_key_hex;
  const push = (data: object): void => {
    for (const stream of streams)
      stream.write(`id: 1\nevent: contract-status\ndata: ${JSON.stringify(data)}\n\n`);
  };

  async function dc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const code = await run(argv, {
      env: { DC_API_URL: apiUrl, PATH: `${join(home, 'bin')}${delimiter}${process.env.PATH}` },
      home,
      stdout: (text) => {
        out += text;
      },
      stderr: (text) => {
        err += text;
      },
      stdin: async () => '',
      confirm: undefined,
      signal: abort.signal,
    });
    return { code, out, err };
  }

  /** An ssh that writes down what it was given, known hosts included. */
  function fakeSsh(exitCode: number, output = ''): string {
    const folder = join(home, 'bin');
    mkdirSync(folder);
    const log = join(home, 'ssh.log');
    const script = `#!/bin/sh\nfor a in "$@"; do echo "$a" >> '${log}'; case "$a" in UserKnownHostsFile=*) eval cat $(echo "$a" | cut -d= -f2) >> '${log}';; esac; done\necho '${output}'\nexit ${exitCode}\n`;
    writeFileSync(join(folder, 'ssh'), script);
    chmodSync(join(folder, 'ssh'), 0o755);

    return log;
  }

  it('is made with an SSH key of its own when the user has none, and that key opens the machine', async () => {
    const created = await dc('contract', 'create', '--offering-id', '7');
    expect(created).toMatchObject({ code: 0, out: expect.stringContaining(`Contract ID: ${ID}`) });
    expect(created.err).toContain('made an SSH key of its own');
    const kept = join(home, '.decent-cloud/ssh/me');
    expect(parseSshPublicKey(String(contract.requester_ssh_pubkey)).fingerprint).toBe(
      parseSshPublicKey(readFileSync(`${kept}.pub`, 'utf8')).fingerprint,
    );
    expect((await dc('contract', 'create', '--offering-id', '7')).err).not.toContain('made an SSH key');

    contract.status = 'active';
    contract.provisioning_instance_details = JSON.stringify(MACHINE);
    const log = fakeSsh(42);
    expect((await dc('contract', 'ssh', ID, '--', 'uname', '--json')).code).toBe(42);
    const given = readFileSync(log, 'utf8').trim().split('\n');
    expect(given.slice(0, 2)).toEqual(['-i', kept]);
    expect(given).toEqual(expect.arrayContaining(['StrictHostKeyChecking=yes', 'IdentitiesOnly=yes']));
    expect(given).toContain(`[127.0.0.1]:2222 ${HOST_KEY.split(' ').slice(0, 2).join(' ')}`);
    expect(given.slice(-7)).toEqual(
      ['-p', '2222', '-l', 'tenant', '--', '127.0.0.1', 'uname', '--json'].slice(-7),
    );
  });

  it('shows the two lines that log in, with its own key; without a host key, what to check', async () => {
    await dc('contract', 'create', '--offering-id', '7');
    expect((await dc('contract', 'get', ID)).out).not.toContain('Log in:');
    contract.status = 'active';
    contract.provisioning_instance_details = JSON.stringify(MACHINE);
    const { out } = await dc('contract', 'get', ID);
    expect(out).toMatch(new RegExp(`^Log in: +dc contract ssh ${ID}$`, 'm'));
    const [, plain] = /^Without dc: +(.*)$/m.exec(out) ?? [];
    const file = `~/.ssh/dc-${ID.slice(0, 16)}`;
    expect(plain).toBe(
      `mkdir -p ~/.ssh && echo '[127.0.0.1]:2222 ${HOST_KEY.split(' ').slice(0, 2).join(' ')}' > ${file} && ` +
        `ssh -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=yes ` +
        `-i ${join(home, '.decent-cloud/ssh/me')} -p 2222 -l tenant -- 127.0.0.1`,
    );
    expect(out).not.toContain('Host key:');
    contract.provisioning_instance_details = JSON.stringify({ ...MACHINE, ssh_host_key: undefined });
    expect((await dc('contract', 'get', ID)).out).toMatch(
      /^Without dc: +ssh -i \S+ -p 2222 -l tenant -- 127\.0\.0\.1\nHost key: .*compare\./m,
    );
  });

  it('says what it may cost: what is shown, to the last unit, or what the user says', async () => {
    price = { monthly_price: 8.2, currency: 'EUR' };
    await dc('contract', 'create', '--offering-id', '7', '--duration-hours', '7');
    expect(rented).toMatchObject({ expected_amount_e9s: 79_722_222, expected_currency: 'EUR' });
    price.monthly_price = 1e-7;
    const created = await dc('contract', 'create', '--offering-id', '7', '--duration-hours', '720');
    expect(rented).toMatchObject({ expected_amount_e9s: 100 });
    expect(created.err).toContain('at most 0.0000001 EUR for 720 h');
    await dc('contract', 'create', '--offering-id', '7', '--expected-amount', '1.5');
    expect(rented).toMatchObject({ expected_amount_e9s: 1_500_000_000, expected_currency: 'EUR' });
  });

  it("is made with the user's own SSH key when there is one, or the given one", async () => {
    mkdirSync(join(home, '.ssh'));
    const own = printSshPublicKey(generateKeyPair(), 'own');
    writeFileSync(join(home, '.ssh/id_ed25519.pub'), `${own}\n`);
    await dc('contract', 'create', '--offering-id', '7');
    expect(contract.requester_ssh_pubkey).toBe(own);
    await dc('contract', 'create', '--offering-id', '7', '--ssh-pubkey', HOST_KEY);
    expect(contract.requester_ssh_pubkey).toBe(HOST_KEY);
    const bad = await dc('contract', 'create', '--offering-id', '7', '--ssh-pubkey', 'ssh-dss AAAA');
    expect(bad).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('no longer safe') });
  });

  it('is waited for by live changes: asked again at once when one comes', async () => {
    onRead = (count) => {
      if (count < 2) return;
      if (count === 2) contract.status = 'active';
      // Of another contract first: nothing to ask for.
      setTimeout(() => push({ contract_id: 'ef'.repeat(32) }), 1);
      setTimeout(() => push({ contract_id: ID }), 5);
    };
    const waited = await dc('contract', 'wait', ID, '--json');
    expect(waited.code).toBe(0);
    expect(waited.out).toContain('"payment_amount_e9s":1152921504606846977,');
    expect(calls).toContain('GET /api/v1/events');
  });

  it('is paid from a wallet: what was credited is told, and an address only while it is to be paid', async () => {
    topUp = {
      checkoutUrl: 'https://pay.example/1',
      creditedE9s: 25_500_000_000n,
      balanceE9s: 30_000_000_000n,
    };
    const credited = await dc('wallet', 'topup', '--amount', '25.50');
    expect(credited.out).toBe('Credited: 25.50 USD\nBalance:  30.00 USD\n');
    expect((await dc('wallet', 'topup', '--amount', '25.5', '--json')).out).toBe(
      '{"creditedE9s":25500000000,"balanceE9s":30000000000,"currency":"USD"}\n',
    );
    topUp = { checkoutUrl: 'https://pay.example/1' };
    expect((await dc('wallet', 'topup', '--amount', '25')).out).toBe('Pay here: https://pay.example/1\n');
    expect((await dc('wallet', 'topup', '--amount', '25', '--json')).out).toContain('"checkoutUrl"');
    const asked = calls.length;
    for (const amount of ['1.234567891', '0.001', '1.005', '1e3', '-1', '0,5']) {
      const refused = await dc('wallet', 'topup', `--amount=${amount}`);
      expect([amount, refused.code]).toEqual([amount, EXIT.usage]);
    }
    expect(calls).toHaveLength(asked);
  });

  it('is called `last` when it is the newest that lives, not the newest that was refused or has ended', async () => {
    const ended = ['expired', 'cancelled', 'rejected', 'provisioningfailed'].map((status, index) => ({
      ...contract,
      contract_id: `e${index}`.repeat(32),
      status,
    }));
    contract.status = 'active';
    others = [...ended, contract, { ...contract, contract_id: 'aa'.repeat(32) }];
    expect((await dc('contract', 'get', 'last')).out).toContain(ID);
    others = ended;
    await dc('contract', 'get', 'last');
    expect(calls.at(-1)).toBe(`GET /api/v1/contracts/${'e0'.repeat(32)}`);
  });

  it('that ended is not waited for, and the reason is told', async () => {
    contract.status = 'provisioningfailed';
    contract.provisioning_failure_reason = 'the disk is full';
    const waited = await dc('contract', 'wait', ID, '--json');
    expect(waited.code).toBe(EXIT.refused);
    expect(JSON.parse(waited.out).error).toMatchObject({
      reason: 'CONTRACT_ENDED',
      message: expect.stringContaining('the disk is full'),
    });
  });

  it('is given up after the time that was given', async () => {
    const waited = await dc('contract', 'wait', ID, '--timeout', '1');
    expect(waited).toMatchObject({
      code: EXIT.timeout,
      err: expect.stringContaining('the contract is requested'),
    });
  });

  it('has credentials that only the identity opens', async () => {
    const plaintext = 'root:correct horse';
    envelope = sealCredential({ recipientPublicKey: publicKey(), contractId: ID, plaintext });
    expect(await dc('contract', 'credentials', ID)).toEqual({ code: 0, out: `${plaintext}\n`, err: '' });
    envelope = sealCredential({ recipientPublicKey: publicKey(), contractId: 'ab'.repeat(32), plaintext });
    const other = await dc('contract', 'credentials', ID);
    expect(other).toMatchObject({
      code: EXIT.failure,
      out: '',
      err: expect.stringContaining('another contract'),
    });
  });

  describe('with a machine', () => {
    const event = (id: number, eventType: string, details?: string) => ({
      id,
      contractId: ID,
      eventType,
      actor: 'provider',
      createdAt: 1_795_415_157_151_753_001n,
      ...(details && { details }),
    });
    beforeEach(() => {
      contract.status = 'active';
    });

    it('gets a new password: asked for, or waited for until it is set', async () => {
      expect(await dc('contract', 'reset-password', ID)).toEqual({ code: 0, out: 'requested\n', err: '' });
      contract.password_reset_requested_at_ns = 1n;
      events = [event(1, 'password_reset_failed', 'X: long ago')];
      onRead = (count) => {
        if (count !== 2) return;
        delete contract.password_reset_requested_at_ns;
        events.push(event(2, 'password_reset_complete'), event(3, 'ssh_key_rotation_failed', 'no'));
        push({ contract_id: ID });
      };
      setTimeout(() => push({ contract_id: ID }), 100);
      const waited = await dc('contract', 'reset-password', ID, '--wait', '--json');
      expect(waited.code).toBe(0);
      expect(JSON.parse(waited.out)).toEqual({ contractId: ID, message: 'requested', outcome: 'done' });
      expect(operations.map(({ kind }) => kind)).toEqual(['reset-password', 'reset-password']);
    });

    it('tells why a password was not set', async () => {
      events = [event(1, 'password_reset_complete'), event(2, 'password_reset_failed', 'LATE: too slow')];
      const waited = await dc('contract', 'reset-password', ID, '--wait');
      expect(waited).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('LATE: too slow') });
      contract.status = 'cancelled';
      events = [event(1, 'password_reset_complete')];
      const ended = await dc('contract', 'reset-password', ID, '--wait');
      expect(ended).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('is cancelled') });
      contract.status = 'active';
      contract.password_reset_requested_at_ns = 1n;
      const late = await dc('contract', 'reset-password', ID, '--wait', '--timeout', '1');
      expect(late).toMatchObject({ code: EXIT.timeout, err: expect.stringContaining('still tried') });
    });

    it('gets another SSH key, from a file or as a line', async () => {
      const next = printSshPublicKey(generateKeyPair(), 'next');
      const file = join(home, 'next.pub');
      writeFileSync(file, `${next}\n`);
      expect((await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', file)).code).toBe(0);
      events = [event(1, 'ssh_key_rotation_complete')];
      const waited = await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', next, '--wait');
      expect(waited).toMatchObject({
        code: 0,
        out: `From now on the machine lets in ${parseSshPublicKey(next).fingerprint}\n`,
      });
      expect(operations.map(({ body }) => JSON.parse(body).newSshPubkey)).toEqual([next, next]);
      const bad = await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', 'ssh-dss AAAA');
      expect(bad).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('no longer safe') });
      expect((await dc('contract', 'rotate-ssh-key', ID)).code).toBe(EXIT.usage);
    });

    it('shows how the script has ended and what it has printed, without steering the terminal', async () => {
      const none = await dc('contract', 'script-log', ID);
      expect(none).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No script has run') });
      expect(JSON.parse((await dc('contract', 'script-log', ID, '--json')).out)).toEqual({
        contractId: ID,
        log: null,
      });
      const log = 'one\n\u001b[31mtwo\tthree';
      const run = { generation: 2, success: false, exitCode: 3, finishedAtNs: 7, log };
      scriptRun = run;
      expect(await dc('contract', 'script-log', ID)).toEqual({
        code: 0,
        out: 'one\n [31mtwo    three\n',
        err: 'The script has ended with exit code 3\n',
      });
      expect(JSON.parse((await dc('contract', 'script-log', ID, '--json')).out)).toEqual({
        contractId: ID,
        ...run,
      });
      scriptRun = { ...run, exitCode: -1 };
      expect((await dc('contract', 'script-log', ID)).err).toBe('The script was ended from outside\n');
    });
  });

  it('shows what can be done now, and says it when something cannot', async () => {
    const shown = async () => (await dc('contract', 'get', ID)).out;
    expect(await shown()).not.toContain('Allowed now');
    contract.allowed_actions = ['cancel', 'hibernate', 'set-when-machine-lost'];
    expect(await shown()).toMatch(/Allowed now: +dc contract cancel, dc contract when-machine-lost\n/);
    contract.status = 'cancelled';
    contract.allowed_actions = [];
    expect(await shown()).toMatch(/Allowed now: +nothing\n/);
    const refused = await dc('contract', 'cancel', ID, '--json');
    expect(refused.code).toBe(EXIT.refused);
    expect(JSON.parse(refused.out).error).toEqual({
      code: 'CONFLICT',
      reason: 'TRANSITION_NOT_ALLOWED',
      message: 'Cannot move',
      requestId: 'r-1',
      hint: 'The contract is cancelled. What can be done now: nothing.',
    });
  });

  it('is refused with the advice of the catalogue at a platform that names no actions', async () => {
    contract.status = 'cancelled';
    const refused = await dc('contract', 'cancel', ID);
    expect(refused.err).toContain('Look at the contract');
  });

  it('says what becomes of it when its machine is lost, at once or later', async () => {
    await dc('contract', 'create', '--offering-id', '7', '--when-machine-lost', 'make-again');
    expect(rented.when_machine_lost).toBe('make-again');
    await dc('contract', 'create', '--offering-id', '7');
    expect(rented).not.toHaveProperty('when_machine_lost');
    expect(await dc('contract', 'when-machine-lost', 'last', 'make-again')).toEqual({
      code: 0,
      out: 'said\n',
      err: '',
    });
    expect((await dc('contract', 'get', ID)).out).toMatch(/If lost: +make-again/);
    const json = await dc('contract', 'when-machine-lost', ID, 'end', '--json');
    expect(JSON.parse(json.out)).toEqual({ contractId: ID, whenMachineLost: 'end', message: 'said' });
    const before = calls.length;
    for (const wrong of [['again'], []]) {
      expect((await dc('contract', 'when-machine-lost', ID, ...wrong)).code).toBe(EXIT.usage);
    }
    expect((await dc('contract', 'create', '--offering-id', '7', '--when-machine-lost', 'x')).code).toBe(
      EXIT.usage,
    );
    expect(calls).toHaveLength(before);
  });

  it('of an end-to-end run is cancelled, whether it went well', async () => {
    contract.status = 'active';
    contract.provisioning_instance_details = JSON.stringify(MACHINE);
    fakeSsh(0, 'SSH_CONNECTION_OK');
    const tried = await dc('e2e', 'provision', '--offering-id', '7', '--verify-ssh');
    expect(tried).toMatchObject({ code: 0, out: 'Passed\n', err: expect.stringContaining('✓ ssh answers') });
    expect(contract.status).toBe('cancelled');
  });

  it('of an end-to-end run is cancelled when it failed', async () => {
    contract.status = 'active';
    const tried = await dc('e2e', 'provision', '--offering-id', '7');
    expect(tried).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('names no address') });
    expect(contract.status).toBe('cancelled');
  });

  it('of an end-to-end run is cancelled when it is interrupted', async () => {
    onRead = () => abort.abort();
    const tried = await dc('e2e', 'provision', '--offering-id', '7');
    expect(tried).toMatchObject({ code: EXIT.interrupted, err: expect.stringContaining('Interrupted') });
    expect(contract.status).toBe('cancelled');
  });

  it('is cancelled and looked at again by the lifecycle', async () => {
    const tried = await dc('e2e', 'lifecycle', '--offering-id', '7', '--json');
    expect(tried.code).toBe(0);
    expect(JSON.parse(tried.out)).toMatchObject({
      passed: true,
      steps: [{ outcome: 'passed' }, { outcome: 'passed' }],
    });
    expect(calls.filter((call) => call.endsWith('/cancel'))).toHaveLength(1);
  });

  describe('step by step', () => {
    const done = { owner: 'platform', state: 'done', text: 'It is done.' };
    const making = {
      name: 'make-machine',
      owner: 'agent',
      state: 'running',
      actualSeconds: 4.2,
      expectedSeconds: 60,
      attempts: 2,
      text: 'The agent is making the machine\u001b[31m.',
    };
    const failed = {
      ...making,
      state: 'failed',
      reason: 'PROVISIONING_FAILED',
      text: 'The provider could not\u001b[2J make the machine.',
    };
    const accept = {
      name: 'accept',
      owner: 'provider',
      state: 'running',
      dueAtNs: 1_795_415_157_151_753_001n,
      actualSeconds: 61,
      text: 'The provider has to accept.',
    };

    beforeEach(() => {
      steps = [
        { ...done, name: 'hold-stock', actualSeconds: 0.26 },
        { ...making, name: 'pay', owner: 'payments', state: 'skipped', text: 'There is nothing to pay.' },
        making,
        { ...done, name: 'hand-over', state: 'waiting' },
      ];
    });

    it('is shown with a mark, times and what each step means', async () => {
      const shown = await dc('contract', 'steps', ID);
      expect(shown.code).toBe(0);
      expect(shown.out.split('\n')).toEqual([
        'Status: requested, as of 2026-11-23 06:25:57Z',
        '✓ hold stock      done 0.3 s',
        '    platform: It is done.',
        '- pay             skipped: There is nothing to pay.',
        '▸ make machine    running 4.2 s of about 60 s, attempt 2',
        '    agent: The agent is making the machine [31m.',
        '· hand over       waiting',
        '    platform: It is done.',
        '',
      ]);
      const json = await dc('contract', 'steps', ID, '--json');
      expect(json.out).toContain('"as_of_ns":1795415157151753001,');
      expect(JSON.parse(json.out).steps).toEqual(steps);
    });

    it('tells a failure by its reason, people by their deadline, and what was taken back', async () => {
      steps = [
        failed,
        accept,
        { ...done, name: 'refund', state: 'undone', undoes: 'pay', actualSeconds: 12.4 },
        { ...making, name: 'remove-machine', state: 'undoing', undoes: 'make-machine', attempts: undefined },
      ];
      const { out } = await dc('contract', 'get', ID);
      expect(out.split('\n').slice(-5)).toEqual([
        '✗ make machine    failed: The provider could not [2J make the machine.',
        '▸ accept          running 61 s, until 2026-11-23 06:25:57Z',
        '↩ refund          undone 12 s',
        '◂ remove machine  undoing 4.2 s of about 60 s',
        '',
      ]);
    });

    it('is part of what is shown of a contract, where the platform knows it', async () => {
      expect(JSON.parse((await dc('contract', 'get', ID, '--json')).out).steps).toHaveLength(4);
      steps = undefined;
      const shown = await dc('contract', 'get', ID, '--json');
      expect(shown.code).toBe(0);
      expect(JSON.parse(shown.out)).not.toHaveProperty('steps');
      expect((await dc('contract', 'steps', ID)).code).toBe(EXIT.notFound);
    });

    it('is told while a new rental is waited for, each step once in each of its states', async () => {
      onRead = (count) => {
        if (count !== 1) return;
        contract.status = 'active';
        steps = [...(steps ?? []).slice(0, 2), { ...making, state: 'done', actualSeconds: 31 }];
        setTimeout(() => push({ contract_id: ID }), 50);
      };
      const created = await dc('contract', 'create', '--offering-id', '7', '--wait');
      expect(created.code).toBe(0);
      expect(created.err.match(/hold stock/g)).toHaveLength(1);
      expect(created.err).toContain('  ✓ make machine    done 31 s, 2 attempts\n');
      expect(created.out).toContain('\n✓ hold stock      done 0.3 s\n');
    });
  });
});
