import { contractIdOf, createdAtNsOf } from './contract-id.ts';

const agreed = {
  tenantPublicKey: '65ddddd0c8ffb15fc27a9f58a2758a2b34ebfa59046c6d3c81f9c97132ad2e9e',
  providerPublicKey: '14ac3e4c83f9c78fa47698acf3b8d1541ac5b6afc7bf611eb81b647e0ec787b3',
  offeringId: 'walk-mwsvtt6a-l63j8',
  tenantSshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7uXbJ2mRk1Xk9oV8m0x6vR0p1Yj8v3v5Cq6u9b0w1k walk',
  tenantContact: 'email:a@sample.example.com',
  priceE9s: 2_400_000_000n,
  requestMemo: 'walk',
  createdAtNs: 1_795_415_157_151_753_347n,
};

describe('the id of a contract', () => {
  it('stays what it is', () => {
    expect(contractIdOf(agreed)).toBe('0d390441732a9542fa6f8ee31310d720c5b88410c52e6852fad8399511faa3a1');
  });

  it('differs with each part', () => {
    const others = [
      { createdAtNs: agreed.createdAtNs + 1n },
      { priceE9s: 1n },
      { requestMemo: '' },
      { tenantContact: '' },
      { offeringId: 'x' },
    ].map((change) => contractIdOf({ ...agreed, ...change }));
    expect(new Set([...others, contractIdOf(agreed)]).size).toBe(6);
  });
});

describe('the moment of creation', () => {
  const now = 1_795_415_157_151_000_000n;
  it('is the same for a repeat and stays within its millisecond', () => {
    const first = createdAtNsOf(now, '0190a5b0-7c1d-7e3a-8f00-0123456789ab');
    expect(createdAtNsOf(now, '0190a5b0-7c1d-7e3a-8f00-0123456789ab')).toBe(first);
    expect(first / 1_000_000n).toBe(now / 1_000_000n);
    expect(createdAtNsOf(now, '0190a5b0-7c1d-7e3a-8f00-0123456789ac')).not.toBe(first);
  });
});
