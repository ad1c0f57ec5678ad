import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedEntry } from './journal-entry.stored.ts';

const EVENT = '0199f000-0000-7000-8000-000000000001';

/** One of each kind, with all members. */
const ENTRIES = {
  machine: `"t":"machine","record":{"contractId":"c1","generation":2,"phase":"running","changedAtNs":"1764590400000000000",
    "endsAtNs":"1764594000000000000","externalId":"dc-c1-g2","commandId":"command","resultEventId":"${EVENT}"}`,
  event: `"t":"event","eventId":"${EVENT}","kind":"provisioned","seq":7,"text":"{\\"v\\":1}","sent":true`,
  sent: `"t":"sent","eventId":"${EVENT}"`,
  seq: `"t":"seq","upTo":1000`,
  snapshot: `"t":"snapshot","atNs":"1764590400000000000","version":"12"`,
  operation: `"t":"operation","record":{"operationId":"operation","contractId":"c1","kind":"reset-password",
    "requestedAtNs":"1764590400000000000","done":true,"resultEventId":"${EVENT}","atNs":"1764590400000000000"}`,
};

describe.each(Object.entries(ENTRIES))('%s', (_, members) => {
  const is = JSON.parse(`{${members}}`);
  readsForEver(storedEntry, [
    { kept: `{${members}}`, is },
    { kept: `{"v":1,${members}}`, is },
  ]);
});
