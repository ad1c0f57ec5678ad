import type { Case } from '../bench.ts';

const unit = '/CPU-s';

export const verify: Case = {
  lines: [
    { bar: 'P1', name: 'signature check, of crypto.verify' },
    { bar: 'P1', name: 'signature check, of portable' },
  ],
  async run(bench) {
    const { cryptoVerify, native, portable } = await bench.verifyRates();
    const measured = { value: native, unit };
    return [
      {
        bar: 'P1',
        name: 'signature check, of crypto.verify',
        measured,
        yardstick: { what: 'crypto.verify', value: cryptoVerify, unit },
        ratio: native / cryptoVerify,
        limit: { atLeast: 0.65 },
      },
      {
        bar: 'P1',
        name: 'signature check, of portable',
        measured,
        yardstick: { what: 'portable', value: portable, unit },
        ratio: native / portable,
        limit: { atLeast: 8 },
      },
    ];
  },
};
