import { randomBytes } from 'node:crypto';
import { topUpWallet } from '@decent-cloud/messages/payments';
import type { Case } from '../bench.ts';
import { newAccount, startPlatform } from '../platform/market.ts';
import { watchEvents } from '../platform/watch-events.ts';
import { percentile } from '../report/percentile.ts';

const CHANGES = 150;
const WARM_UP = 20;
const P50 = 'change to screen, p50';
const P99 = 'change to screen, p99';

/** From the click to the event in the live stream: a top-up of the own wallet, one after the other. */
export const live: Case = {
  lines: [
    { bar: undefined, name: P50 },
    { bar: undefined, name: P99 },
  ],
  async run(bench) {
    const platform = await bench.once(startPlatform);
    await platform.quiet();
    const { client, keyPair } = await newAccount(platform, `live-${randomBytes(4).toString('hex')}`);
    const events = await watchEvents(client);
    bench.atEnd(() => events.stop());
    const shown: number[] = [];
    const answered: number[] = [];
    for (let n = 0; n < WARM_UP + CHANGES; n++) {
      const event = events.next(({ event }) => event === WALLET_EVENT);
      const started = performance.now();
      const answer = client
        .call(topUpWallet, {
          params: { pubkey: keyPair.publicKeyHex },
          body: { amountUsd: 1, method: 'test' },
        })
        .then(() => performance.now() - started);
      const [seenAt, answeredAfter] = await Promise.all([event.then(() => performance.now()), answer]);
      if (n < WARM_UP) continue;
      shown.push(seenAt - started);
      answered.push(answeredAfter);
    }
    const line = (name: string, percent: number) => {
      const measured = { value: percentile(shown, percent), unit: 'ms' };
      const yardstick = { what: 'answer to the same', value: percentile(answered, percent), unit: 'ms' };
      return { bar: undefined, name, measured, yardstick, ratio: measured.value / yardstick.value };
    };
    return [
      {
        ...line(P50, 50),
        note: 'from sending a top-up to its event in the live stream; signing is part of both',
      },
      line(P99, 99),
    ];
  },
};

const WALLET_EVENT = 'wallet-changed';
