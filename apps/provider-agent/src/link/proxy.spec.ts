import { proxyOf } from './proxy.ts';

test.each([
  [{}, undefined],
  [{ HTTPS_PROXY: ' ', HTTP_PROXY: 'http://p:1' }, undefined],
  [{ HTTPS_PROXY: 'http://p.example:3128' }, ['http://p.example:3128/', 'http://p.example:3128', '']],
  [{ HTTPS_PROXY: 'p.example:3128' }, ['http://p.example:3128/', 'http://p.example:3128', '']],
  [
    { HTTPS_PROXY: 'http://u:p%40ss@p.example', NO_PROXY: '.x.example' },
    ['http://u:p%40ss@p.example/', 'http://p.example', '.x.example'],
  ],
  [
    { HTTPS_PROXY: 'http://a:1', https_proxy: 'https://b:2', NO_PROXY: 'x', no_proxy: 'y' },
    ['https://b:2/', 'https://b:2', 'y'],
  ],
])('%j', (env, expected) => {
  const proxy = proxyOf(env);
  expect(proxy && [proxy.url, proxy.origin, proxy.exceptions]).toEqual(expected);
});

test.each(['socks5://u:hush@p:1', 'http://u:hush%zz@p:1', 'http://u:hush@p:99999', 'http://', 'u:hush@'])(
  '%s is no proxy, and what it says is not shown',
  (HTTPS_PROXY) => {
    let said = '';
    try {
      proxyOf({ HTTPS_PROXY });
    } catch (error) {
      said = String((error as Error).message);
    }
    expect(said).toMatch(/^HTTPS_PROXY is no address of an HTTP proxy/);
    expect(said).not.toContain('hush');
  },
);
