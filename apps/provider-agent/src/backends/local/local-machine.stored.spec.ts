import { readLocalMachine } from './local-machine.stored.ts';

/** A file of each version. They stay as they are for ever: agents have machines that they made long ago. */
const SAMPLES = [
  `{"version":1,"externalId":"dc-c1-g1","contractId":"c1","generation":1,"environment":"production","agent":"0123456789abcdef",
    "port":2222,"power":"running","sshPublicKeys":["ssh-ed25519 AAAA"],"cpuCores":2,
    "password":{"salt":"000102030405060708090a0b0c0d0e0f","hash":"${'ab'.repeat(32)}"}}`,
];

test.each(SAMPLES)('is read for ever', (text) => {
  expect(readLocalMachine(text)).toEqual({
    version: 1,
    externalId: 'dc-c1-g1',
    contractId: 'c1',
    generation: 1,
    environment: 'production',
    agent: '0123456789abcdef',
    port: 2222,
    power: 'running',
    sshPublicKeys: ['ssh-ed25519 AAAA'],
    cpuCores: 2,
    password: { salt: '000102030405060708090a0b0c0d0e0f', hash: 'ab'.repeat(32) },
  });
});

test('one of a newer version is not read as something else', () => {
  expect(() => readLocalMachine((SAMPLES[0] ?? '').replace('"version":1', '"version":2'))).toThrow('version');
});
