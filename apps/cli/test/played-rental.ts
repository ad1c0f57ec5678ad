import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { generateKeyPair } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { printSshPublicKey } from '../src/ssh/openssh-key.ts';
import { type Asked, Desk } from './desk.ts';

export const ID = 'cd'.repeat(32);
export const HOST_KEY = printSshPublicKey(generateKeyPair(), 'host');
export const MACHINE = {
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

const requestedBy = (publicKey: string): Record<string, unknown> => ({
  contract_id: ID,
  requester_pubkey: publicKey,
  requester_ssh_pubkey: '',
  requester_contact: '',
  provider_pubkey: publicKey,
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
});

/** What a platform knows of one contract; each test says it. */
class Known {
  /** Absent: a platform that knows none. */
  steps: object[] | undefined = undefined;
  events: object[] = [];
  scriptRun: object | null = null;
  envelope = '';
  /** What the list of own rentals shows, newest first; by default the one contract. */
  others: object[] = [];
  topUp: object = {};
  price = { monthly_price: 7.2, currency: 'USD' };
  /** What was rented last. */
  rented: Record<string, unknown> = {};
  operations: { kind: string; body: string }[] = [];
  onRead: (count: number) => void = () => undefined;
  contract: Record<string, unknown>;

  constructor(readonly publicKey: string) {
    this.contract = requestedBy(publicKey);
  }
}

/** One contract at a platform that does what each test says, and the desk of its tenant, who is its provider too. */
export class PlayedRental {
  known!: Known;
  readonly desk = Desk.forFile((asked, response) => this.answer(asked, response));
  readonly dc = this.desk.dc;
  private streams: ServerResponse[] = [];

  private constructor() {
    beforeEach(async () => {
      this.streams = [];
      this.known = new Known(await this.desk.makeIdentity());
    });
  }

  static forFile(): PlayedRental {
    return new PlayedRental();
  }

  /** Tells all who listen that a contract has changed. */
  push(data: object): void {
    for (const stream of this.streams)
      stream.write(`id: 1\nevent: contract-status\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** An ssh that writes down what it was given, known hosts included. */
  fakeSsh(exitCode: number, output = ''): string {
    const folder = join(this.desk.home, 'bin');
    mkdirSync(folder);
    const log = join(this.desk.home, 'ssh.log');
    const script = `#!/bin/sh\nfor a in "$@"; do echo "$a" >> '${log}'; case "$a" in UserKnownHostsFile=*) eval cat $(echo "$a" | cut -d= -f2) >> '${log}';; esac; done\necho '${output}'\nexit ${exitCode}\n`;
    writeFileSync(join(folder, 'ssh'), script);
    chmodSync(join(folder, 'ssh'), 0o755);
    return log;
  }

  private answer({ call, body }: Asked, response: ServerResponse): void {
    const { known } = this;
    const { contract, publicKey } = known;
    const say = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(printExactJson(answer));
    const send = (data: unknown) => say(200, { success: true, data });
    if (call === 'POST /api/v1/contracts') {
      known.rented = JSON.parse(body);
      contract.requester_ssh_pubkey = known.rented.ssh_pubkey;
      send({ contractId: ID, message: 'Rental request created successfully' });
    } else if (call === `GET /api/v1/users/${publicKey}/contracts`) {
      send(known.others.length > 0 ? known.others : [contract]);
    } else if (call === `POST /api/v1/users/${publicKey}/wallet/topup`) {
      send(known.topUp);
    } else if (call === 'GET /api/v1/offerings/7') {
      send({ ...OFFERING, ...known.price });
    } else if (call === `GET /api/v1/contracts/${ID}`) {
      send(contract);
      known.onRead(this.desk.calls.filter((one) => one === call).length);
    } else if (call === `PUT /api/v1/contracts/${ID}/cancel` && contract.status === 'cancelled') {
      const refusal = { error: 'Cannot move', code: 'TRANSITION_NOT_ALLOWED', requestId: 'r-1' };
      say(409, { success: false, ...refusal });
    } else if (call === `PUT /api/v1/contracts/${ID}/cancel`) {
      contract.status = 'cancelled';
      send('cancelled');
    } else if (call === `GET /api/v1/contracts/${ID}/credentials`) send(known.envelope);
    else if (call === `GET /api/v1/contracts/${ID}/script-run`) send(known.scriptRun);
    else if (call === `GET /api/v1/contracts/${ID}/events`) send(known.events);
    else if (call === `PUT /api/v1/contracts/${ID}/when-machine-lost`) {
      contract.when_machine_lost = JSON.parse(body).whenMachineLost;
      send('said');
    } else if (call.startsWith(`POST /api/v1/contracts/${ID}/`)) {
      known.operations.push({ kind: call.split('/').at(-1) ?? '', body });
      send('requested');
    } else if (known.steps && call === `GET /api/v1/contracts/${ID}/steps`) {
      const { steps } = known;
      send({ contract_id: ID, status: contract.status, as_of_ns: 1_795_415_157_151_753_001n, steps });
    } else if (call === 'GET /api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      this.streams.push(response);
    } else
      response.writeHead(404).end(JSON.stringify({ success: false, error: 'no', code: 'UNKNOWN_ENDPOINT' }));
  }
}
