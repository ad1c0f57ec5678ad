import { jest } from '@jest/globals';
import ProcessEnvironment from './environment.mjs';

test('what a spec file changes of its process is as it was, after it', async () => {
  process.env.DC_CHANGED = 'before';
  const [folder, exit, consoleNow, now] = [process.cwd(), process.exit, globalThis.console, Date.now];
  const environment = new ProcessEnvironment();

  process.env.DC_CHANGED = 'after';
  process.env.DC_LEFT_BEHIND = 'yes';
  delete process.env.PATH;
  process.chdir('/');
  process.exit = () => undefined as never;
  globalThis.console = { ...console };
  jest.spyOn(Date, 'now').mockReturnValue(0);
  jest.setTimeout(1);
  await environment.teardown();

  expect(process.env).toMatchObject({ DC_CHANGED: 'before', PATH: expect.any(String) });
  expect(process.env.DC_LEFT_BEHIND).toBeUndefined();
  expect([process.cwd(), process.exit, globalThis.console, Date.now]).toEqual([
    folder,
    exit,
    consoleNow,
    now,
  ]);
  expect(Reflect.get(globalThis, Symbol.for('TEST_TIMEOUT_SYMBOL'))).toBeUndefined();
  delete process.env.DC_CHANGED;
});
