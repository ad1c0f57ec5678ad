import { readSettings } from '@decent-cloud/runtime';
import { serviceKeysFor } from '@decent-cloud/testing';
import { contractsSettings, limitsOf } from './settings.ts';

const read = (env: Record<string, string>) =>
  readSettings(contractsSettings, {
    DATABASE_URL: 'postgresql://x',
    SERVICE_KEYS: serviceKeysFor('contracts'),
    ...env,
  });

describe('settings', () => {
  it('have the agreed defaults', () => {
    expect(limitsOf(read({}))).toEqual({
      requestedNs: 3_600_000_000_000n,
      pendingNs: 3_600_000_000_000n,
      provisioningNs: 3_600_000_000_000n,
      responseNs: 259_200_000_000_000n,
      settleInNs: 900_000_000_000n,
    });
  });

  it.each([
    'REQUESTED_TIMEOUT_SECONDS',
    'PENDING_TIMEOUT_SECONDS',
    'PROVISIONING_TIMEOUT_SECONDS',
    'RESPONSE_TIMEOUT_HOURS',
    'TIMEOUT_SCAN_SECONDS',
  ])('%s stops the start when it is no positive whole number', (name) => {
    for (const value of ['0', '-1', '1.5', 'soon', '']) expect(() => read({ [name]: value })).toThrow(name);
    expect(() => read({ [name]: '7' })).not.toThrow();
  });
});
