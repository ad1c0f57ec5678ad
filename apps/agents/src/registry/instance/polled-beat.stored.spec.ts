import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedBeat } from './polled-beat.stored.ts';

readsForEver(storedBeat, [
  { kept: `{"s": 1764590400}`, is: { s: 1764590400 } },
  {
    kept: `{"v": 1, "s": 1764590460, "p": "1.4.0 EPYC 8 64000"}`,
    is: { s: 1764590460, p: '1.4.0 EPYC 8 64000' },
  },
]);
