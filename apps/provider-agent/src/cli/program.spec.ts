import { jest } from '@jest/globals';
import { EXIT } from './exit-codes.ts';
import { main } from './program.ts';

test('every command minds the proxy of the environment', async () => {
  const said: unknown[] = [];
  const log = jest.spyOn(console, 'error').mockImplementation((text) => void said.push(text));
  const before = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = 'socks5://me:hush@proxy.example';
  try {
    expect(await main(['node', 'dc-agent', '--config', '/no/such/file', 'config', 'check'])).toBe(
      EXIT.configuration,
    );
  } finally {
    log.mockRestore();
    if (before === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = before;
  }
  expect(said).toEqual([expect.stringMatching(/^dc-agent: HTTPS_PROXY is no address of an HTTP proxy/)]);
});
