import { printServiceKeys, readServiceKeys, signRequest } from '@decent-cloud/bus';
import { printExactJson, type Refusal } from '@decent-cloud/kernel';
import { type Caller, request, requests, type ServiceName } from '@decent-cloud/messages';
import { createContract } from '@decent-cloud/messages/contracts';
import { type Msg, headers as newHeaders } from '@nats-io/transport-node';
import { z } from 'zod';
import { assertMayAsk, Door } from './door.ts';

const keysOf = (service: ServiceName) => readServiceKeys(printServiceKeys('root', service));
const door = new Door(keysOf('payments'));
afterAll(() => door.close());

const CHARGE = requests.chargeRental.subject;
const service = (name: string): Caller => ({ kind: 'service', name });
const bodyOf = (caller: Caller) => printExactJson({ caller, requestId: 'r', body: {} });

interface Sent {
  readonly signer?: ServiceName;
  readonly key?: ReturnType<typeof keysOf>['asks'] extends ReadonlyMap<string, infer K> ? K : never;
  readonly signedFor?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly sentMs?: number;
  readonly waitMs?: number;
}

function message(sent: Sent = {}, change: Record<string, string> = {}): Msg {
  const signer = sent.signer ?? 'contracts';
  const data = new TextEncoder().encode(sent.text ?? bodyOf(service(signer)));
  const key = sent.key ?? keysOf(signer).asks.get('payments');
  if (!key) throw new Error(`${signer} has no key`);
  const head = {
    process: `${signer}/1`,
    sentMs: sent.sentMs ?? performance.now(),
    waitMs: sent.waitMs ?? 5_000,
  };
  const fields = { ...signRequest(key, head, sent.signedFor ?? CHARGE, data), ...change };
  const headers = newHeaders();
  for (const [name, value] of Object.entries(fields)) headers.set(name, value);
  return {
    subject: sent.subject ?? CHARGE,
    headers,
    data,
    string: () => new TextDecoder().decode(data),
  } as unknown as Msg;
}

const reasonOf = (work: () => unknown) => {
  try {
    work();
    return 'let in';
  } catch (error) {
    return (error as Refusal).reason;
  }
};
const admitted = (one: Msg) => reasonOf(() => door.admit(one));

test('what the asking service has signed comes in', () => {
  expect(door.admit(message())).toMatchObject({
    asker: 'contracts',
    request: { caller: service('contracts'), requestId: 'r' },
  });
});

describe('what nobody has signed for here stays outside, unread:', () => {
  const other = new Door(keysOf('accounts'));
  afterAll(() => other.close());

  test.each<[string, () => Msg]>([
    ['no signature at all', () => ({ ...message(), headers: undefined }) as unknown as Msg],
    ['a signature of another body', () => ({ ...message(), data: new TextEncoder().encode('{}') }) as Msg],
    ['a request for another verb', () => message({ signedFor: requests.rentalPayments.subject })],
    ['a body of one’s own under a captured head', () => message({}, { 'Dc-Signature': 'A'.repeat(43) })],
    ['an empty signature', () => message({}, { 'Dc-Signature': '' })],
    ['a longer wait', () => message({}, { 'Dc-Wait': '86400000' })],
    ['another time of sending', () => message({}, { 'Dc-Sent': '0.000' })],
    ['no number as a time', () => message({}, { 'Dc-Sent': 'NaN' })],
    ['another service’s name', () => message({}, { 'Dc-From': 'gateway/1' })],
    ['the name of nobody', () => message({}, { 'Dc-From': '__proto__/1' })],
    [
      'a service that asks nothing here, with the key of one that it does ask',
      () => message({ signer: 'agents', key: keysOf('agents').asks.get('contracts') as never }),
    ],
    [
      'payments’ own key for accounts',
      () => message({ signer: 'payments', key: keysOf('payments').asks.get('accounts') as never }),
    ],
  ])('%s', (_what, make) => {
    expect(admitted(make())).toBe('SIGNATURE_INVALID');
  });

  test('what was signed for one service is worth nothing at another', () => {
    const toAccounts = message({ key: keysOf('contracts').asks.get('accounts') as never });
    expect(admitted(toAccounts)).toBe('SIGNATURE_INVALID');
    expect(reasonOf(() => other.admit(message()))).toBe('SIGNATURE_INVALID');
  });
});

test('what lay longer than anybody waits is not read', () => {
  const late = new Door(keysOf('payments'));
  // The sender's clock began at another moment.
  const sentMs = (agoMs: number) => performance.now() + 1_000_000 - agoMs;
  late.admit(message({ sentMs: sentMs(0) }));
  const isParsed = counted();
  const old = { ...message({ sentMs: sentMs(5_100) }), string: isParsed.call } as unknown as Msg;
  expect(reasonOf(() => late.admit(old))).toBe('SERVICE_UNAVAILABLE');
  expect(isParsed.calls).toBe(0);
  expect(reasonOf(() => late.admit(message({ sentMs: sentMs(4_000) })))).toBe('let in');
  late.close();
});

function counted() {
  const counter = { calls: 0, call: () => `${++counter.calls}` };
  return counter;
}

test('what is no request is refused as one', () => {
  for (const text of ['', '{', 'null', '[]', '{"caller":null}', '{"caller":{"kind":5}}']) {
    expect(admitted(message({ text }))).toBe('INVALID_INPUT');
  }
});

describe('in whose name:', () => {
  const user: Caller = { kind: 'user', publicKey: 'ab'.repeat(32) };
  const may = (declaration: Parameters<typeof assertMayAsk>[0], sent: Sent) =>
    reasonOf(() => assertMayAsk(declaration, door.admit(message(sent))));

  test('a service cannot ask as a user, as another service, or what it is not declared for', () => {
    expect(may(requests.chargeRental, { text: bodyOf(service('contracts')) })).toBe('let in');
    expect(may(requests.chargeRental, { text: bodyOf(user) })).toBe('NOT_OWNER');
    expect(may(requests.chargeRental, { text: bodyOf(service('gateway')) })).toBe('NOT_OWNER');
    expect(may(createContract, { text: bodyOf(user) })).toBe('NOT_OWNER');
    expect(may(requests.chargeRental, { signer: 'gateway', text: bodyOf(user) })).toBe('NOT_OWNER');
    expect(may(requests.chargeRental, { signer: 'gateway' })).toBe('NOT_OWNER');
    expect(may(createContract, { signer: 'gateway', text: bodyOf(user) })).toBe('let in');
  });

  test('what names no asker is asked by nobody', () => {
    const nobodys = request({ subject: CHARGE, askedBy: [], answer: z.null() });
    expect(may(nobodys, {})).toBe('NOT_OWNER');
  });
});

test('keys that are not as they were printed stop the start, and are not shown', () => {
  const printed = printServiceKeys('root', 'contracts');
  for (const wrong of [`${printed}x`, `${printed},asks.payments=secret`, `asks.nobody=${'a'.repeat(64)}`]) {
    expect(() => readServiceKeys(wrong)).toThrow(
      /^must be entries like asks.payments=<64 hex digits>[a-z, ]*$/,
    );
  }
});
