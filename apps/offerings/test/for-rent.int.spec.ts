import { requests } from '@decent-cloud/messages';
import { getOffering } from '@decent-cloud/messages/offerings';
import { eventually } from '@decent-cloud/testing';
import { PlayedNeighbours } from './played-neighbours.ts';
import { ANYBODY, hex, RunningOfferings, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();
const { pools } = PlayedNeighbours.forFile(offerings);

test('what lists say of renting is what a quote says, and nothing is for rent without its agents', async () => {
  const owner = user();
  const id = await offerings.create(owner, { stock_total: 1, datacenter_country: 'BR' });
  const wish = { holdId: globalThis.crypto.randomUUID(), renterPublicKey: hex(32), durationHours: 24 };
  // What is known of pools is two seconds old at most.
  const both = (reason: string | undefined) =>
    eventually(
      async () => {
        const shown = await offerings.ask(getOffering, { params: { id } }, ANYBODY);
        const quoted = await offerings
          .ask(requests.quoteRental, { body: { ...wish, offeringDbId: id } })
          .then(() => undefined)
          .catch((error: { reason: string }) => error.reason);
        const said = [shown.can_rent_now, shown.cannot_rent_reason, quoted];
        if (said.join() !== [reason === undefined, reason, reason].join()) throw new Error(said.join());
        return true;
      },
      { deadlineMs: 20_000, everyMs: 200 },
    );
  pools.set(owner.publicKey, []);
  await both('PROVIDER_OFFLINE');
  // No pool is named and none is in the region: any of the provider gets the work.
  pools.set(owner.publicKey, [{ poolId: 'p', location: 'europe', online: true, provisionerType: 'local' }]);
  await both(undefined);
  const quoted = await offerings.ask(requests.quoteRental, { body: { ...wish, offeringDbId: id } });
  expect(quoted.machineTypes).toEqual(['local']);
  pools.set(owner.publicKey, [{ poolId: 'p', location: 'europe', online: false }]);
  await both('PROVIDER_OFFLINE');
  await offerings.hold(id);
  await both('OUT_OF_STOCK');
}, 100_000);
