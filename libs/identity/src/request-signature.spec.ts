import fc from 'fast-check';
import { bytesToHex, hexToBytes, utf8 } from './bytes.ts';
import { verifyEd25519ph } from './ed25519ph.ts';
import { generateKeyPair, keyPairFromSeed } from './key-pair.ts';
import { type SignedRequestV2, signedMessageV1, signedMessageV2 } from './request-signature.ts';
import { parseSignatureHeaders } from './signature-headers.ts';
import { createSigner, signRequestV1 } from './signer.ts';

const K = keyPairFromSeed('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const AT = 1_700_000_000_000_000_000n;
const NONCE = '550e8400-e29b-41d4-a716-446655440000';
const request = {
  method: 'POST',
  host: 'api.decent-cloud.org',
  path: '/api/v1/contracts',
  query: 'dry=1',
  body: utf8('{"offering_db_id":7}'),
  timestampNs: AT,
  nonce: NONCE,
};
const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const bytesOf = (parts: Partial<SignedRequestV2>) =>
  bytesToHex(signedMessageV2({ ...request, timestamp: AT.toString(), ...parts }));

describe('signed requests', () => {
  it('of version 1 put their parts together without separators', () => {
    const message = signedMessageV1({
      timestamp: AT.toString(),
      nonce: NONCE,
      method: 'get',
      path: '/api/v1/accounts/billing',
      body: new Uint8Array(),
    });
    expect(message).toHaveLength(82);
    expect(new TextDecoder().decode(message)).toBe(`${AT}${NONCE}GET/api/v1/accounts/billing`);
    expect(
      signRequestV1(K, {
        method: 'GET',
        path: '/api/v1/accounts/billing',
        body: new Uint8Array(),
        timestampNs: AT,
        nonce: NONCE,
      }),
    ).toEqual({
      'X-Public-Key': K.publicKeyHex,
      'X-Signature':
        'c06685d8c2de491736fae5bb5dc79ab83f5604e82abbc641e9c7d643a7d5c5cfda61c3c36590665db2ba9cbbe0e99fd464325050d9a4484d67ac6abdf2a0400d',
      'X-Timestamp': AT.toString(),
      'X-Nonce': NONCE,
    });
  });

  it('of version 2 reproduce the vector of docs/request-signing.md', () => {
    const signed = createSigner(K).sign(request);
    expect(bytesOf({})).toBe(
      '00000017646563656e742d636c6f75642d726571756573742d763200000013313730303030303030303030303030303030300000002435353065383430302d653239622d343164342d613731362d34343636353534343030303000000004504f5354000000146170692e646563656e742d636c6f75642e6f7267000000112f6170692f76312f636f6e747261637473000000056472793d3100000040814bf80ed5252874747407da782fd1d751d02b5bfc8ff8274954c8ee1eb0f811ef57526ee99ecf0b819aa18f950fe1b04f6050162a16e5dd0acbe73b7e66667b',
    );
    expect(signed['X-Signature']).toBe(
      '71fbdd37bcc01c68a848a01dd621324f9464471e2965f1bc93cc6e242f4d8ebad4d1a88a4f5a571896736de9a7f3dabd4ec66739052b32861374d8ac5475a108',
    );
    expect(signed['X-Signature-Version']).toBe('2');
  });

  it.each([1, 2] as const)('of version %i verify by what their headers say', (version) => {
    const headers = createSigner(K, { version, agent: version === 1 }).sign(request);
    const parsed = parseSignatureHeaders(lower(headers), { nowNs: AT, kind: 'either' });
    if (parsed.refused) throw new Error(parsed.text);
    expect(parsed).toMatchObject({
      version,
      kind: version === 1 ? 'agent' : 'user',
      publicKeyHex: K.publicKeyHex,
      nonceHex: NONCE.replaceAll('-', ''),
      timestampNs: AT,
    });
    const signed = { ...request, timestamp: parsed.timestamp };
    const [own, other] =
      version === 1
        ? [signedMessageV1(signed), signedMessageV2(signed)]
        : [signedMessageV2(signed), signedMessageV1(signed)];
    expect(verifyEd25519ph(parsed.publicKey, parsed.signature, own)).toBe(true);
    expect(verifyEd25519ph(parsed.publicKey, parsed.signature, other)).toBe(false);
  });

  it('of version 2 cover every part, and no part can lend bytes to its neighbour', () => {
    const text = fc.string({ maxLength: 12 });
    const parts = fc.record({
      timestamp: text,
      nonce: text,
      method: text.map((value) => value.toUpperCase()),
      host: text.map((value) => value.toLowerCase()),
      path: text,
      query: text,
      body: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(bytesOf(left) === bytesOf(right)).toBe(same);
      }),
    );
    expect(bytesOf({ path: '/a', query: 'b' })).not.toBe(bytesOf({ path: '/ab', query: '' }));
    expect(bytesOf({ host: 'API.decent-cloud.org' })).toBe(bytesOf({}));
  });
});

describe('the signature headers', () => {
  const good = lower(createSigner(K).sign(request));
  type Options = Partial<Parameters<typeof parseSignatureHeaders>[1]>;
  const refusal = (
    changes: Record<string, string | string[] | undefined>,
    options: Options = {},
  ): [number, string] => {
    const parsed = parseSignatureHeaders({ ...good, ...changes }, { nowNs: AT, ...options });
    if (!parsed.refused) throw new Error('was not refused');
    return [parsed.status, parsed.text];
  };
  const accepted = (changes: Record<string, string | undefined>, options: Options = {}): boolean =>
    parseSignatureHeaders({ ...good, ...changes }, { nowNs: AT, ...options }).refused !== true;

  it.each([
    ['x-public-key', 'X-Public-Key'],
    ['x-signature', 'X-Signature'],
    ['x-timestamp', 'X-Timestamp'],
    ['x-nonce', 'X-Nonce'],
  ])('must have %s, in visible ASCII and once', (header, name) => {
    const expected = [401, `Missing required header: ${name}`];
    expect(refusal({ [header]: undefined })).toEqual(expected);
    expect(refusal({ [header]: 'ä' })).toEqual(expected);
    expect(refusal({ [header]: ['a', 'b'] })).toEqual(expected);
  });

  it('must have the key that the endpoint asks for', () => {
    expect(refusal({}, { kind: 'agent' })).toEqual([401, 'Missing required header: X-Agent-Pubkey']);
    expect(refusal({ 'x-public-key': undefined }, { kind: 'either' })).toEqual([
      401,
      'Missing required header: X-Public-Key or X-Agent-Pubkey',
    ]);
  });

  it('take the agent when both keys are there', () => {
    const agent = generateKeyPair().publicKeyHex;
    expect(
      parseSignatureHeaders({ ...good, 'x-agent-pubkey': agent }, { nowNs: AT, kind: 'either' }),
    ).toMatchObject({ kind: 'agent', publicKeyHex: agent });
    expect(parseSignatureHeaders({ ...good, 'x-agent-pubkey': agent }, { nowNs: AT })).toMatchObject({
      kind: 'user',
    });
  });

  it.each([
    ['x-public-key', 'zz', "Invalid public key hex encoding: Invalid character 'z' at position 0"],
    ['x-public-key', 'abc', 'Invalid public key hex encoding: Odd number of digits'],
    ['x-public-key', 'abcd', 'Public key must be 32 bytes, got 2'],
    ['x-signature', '0x', "Invalid signature hex encoding: Invalid character 'x' at position 1"],
    ['x-signature', 'ab'.repeat(63), 'Signature must be 64 bytes, got 63'],
    ['x-timestamp', '1.5', 'Invalid timestamp: invalid digit found in string'],
    ['x-timestamp', '', 'Invalid timestamp: cannot parse integer from empty string'],
    ['x-timestamp', '9'.repeat(5_000), 'Invalid timestamp: number too large to fit in target type'],
    ['x-timestamp', '9223372036854775808', 'Invalid timestamp: number too large to fit in target type'],
    ['x-nonce', 'abc', 'Invalid nonce format (must be UUID v4): abc'],
    ['x-signature-version', '3', 'Invalid signature version (must be 1 or 2): 3'],
  ])('refuse %s: %s', (header, value, text) => {
    expect(refusal({ [header]: value })).toEqual([400, `Invalid format: ${text}`]);
  });

  it('are valid for 300 s in both directions, to the nanosecond', () => {
    const window = 300_000_000_000n;
    const expired: [number, string] = [401, 'Request timestamp expired (max 5 minutes)'];
    expect(accepted({}, { nowNs: AT + window })).toBe(true);
    expect(accepted({}, { nowNs: AT - window })).toBe(true);
    expect(refusal({}, { nowNs: AT + window + 1n })).toEqual(expired);
    expect(refusal({}, { nowNs: AT - window - 1n })).toEqual(expired);
  });

  it('check the window before the nonce, and the formats before the window', () => {
    expect(refusal({ 'x-nonce': 'abc' }, { nowNs: 0n })[0]).toBe(401);
    expect(refusal({ 'x-signature': 'abc' }, { nowNs: 0n })[0]).toBe(400);
  });

  it.each([
    '550E8400-E29B-11D4-A716-446655440000',
    '550e8400e29b41d4a716446655440000',
    '{550e8400-e29b-41d4-a716-446655440000}',
    'urn:uuid:550e8400-e29b-41d4-a716-446655440000',
    '00000000-0000-0000-0000-000000000000',
  ])('take the nonce %s', (nonce) => {
    expect(accepted({ 'x-nonce': nonce })).toBe(true);
    expect(refusal({ 'x-nonce': `${nonce}0` })[0]).toBe(400);
  });

  it('may stand in the query where that is allowed, and a header goes before', () => {
    const query: Record<string, string> = {
      pubkey: good['x-public-key'] as string,
      signature: bytesToHex(hexToBytes('11'.repeat(64))),
      timestamp: AT.toString(),
      nonce: NONCE,
    };
    const options = { nowNs: AT, query: (name: string) => query[name] };
    expect(parseSignatureHeaders({}, options)).toMatchObject({ publicKeyHex: K.publicKeyHex, version: 1 });
    const parsed = parseSignatureHeaders({ 'x-nonce': NONCE.replaceAll('-', '') }, options);
    expect(parsed).toMatchObject({ nonce: NONCE.replaceAll('-', '') });
    delete query.signature;
    expect(parseSignatureHeaders({}, options)).toMatchObject({
      status: 401,
      text: 'Missing required header: X-Signature or signature query param',
    });
  });
});
