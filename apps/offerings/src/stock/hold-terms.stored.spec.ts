import { requests } from '@decent-cloud/messages';
import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedTerms } from './hold-terms.stored.ts';

const KEY = '991e46e4389b08d1191a20cc2428e0730f88d6726778f5cf775af8d2245a2be1';

readsForEver(
  storedTerms,
  [
    {
      kept: `{"offeringDbId": 13, "offeringId": "small-vps", "offerName": "Small VPS", "providerPublicKey": "${KEY}",
        "currency": "USD", "monthlyPriceE9s": 9007199254740993, "autoAccept": true, "datacenterCountry": "DE",
        "cpuCores": 2, "memoryMb": 4096, "storageGb": 40}`,
      is: {
        offeringDbId: 13n,
        offeringId: 'small-vps',
        offerName: 'Small VPS',
        providerPublicKey: KEY,
        currency: 'USD',
        monthlyPriceE9s: 9_007_199_254_740_993n,
        autoAccept: true,
        datacenterCountry: 'DE',
        cpuCores: 2,
        memoryMb: 4_096,
        storageGb: 40,
      },
    },
    {
      kept: `{"v": 1, "offeringDbId": 13, "offeringId": "small-vps", "offerName": "Small VPS", "providerPublicKey": "${KEY}",
        "currency": "USD", "monthlyPriceE9s": 7200000000, "autoAccept": false, "agentPoolId": "pool", "datacenterCountry": "DE",
        "cpuCores": 2, "memoryMb": 4096, "storageGb": 40, "operatingSystems": "Debian 12", "provisionerType": "local",
        "provisionerConfig": "{}", "postProvisionScript": "#!/bin/sh\\n"}`,
      is: {
        offeringDbId: 13n,
        offeringId: 'small-vps',
        offerName: 'Small VPS',
        providerPublicKey: KEY,
        currency: 'USD',
        monthlyPriceE9s: 7_200_000_000n,
        autoAccept: false,
        agentPoolId: 'pool',
        datacenterCountry: 'DE',
        cpuCores: 2,
        memoryMb: 4_096,
        storageGb: 40,
        operatingSystems: 'Debian 12',
        provisionerType: 'local',
        provisionerConfig: '{}',
        postProvisionScript: '#!/bin/sh\n',
      },
    },
  ],
  Object.keys(requests.holdStock.answer.shape),
);
