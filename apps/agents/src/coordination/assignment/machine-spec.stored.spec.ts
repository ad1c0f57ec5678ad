import { machineSpec } from '@decent-cloud/messages/facts';
import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedSpec } from './machine-spec.stored.ts';

readsForEver(
  storedSpec,
  [
    {
      kept: `{"offeringId": "small-vps", "cpuCores": 1, "memoryMb": 1024,
        "sshPublicKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey me@laptop"]}`,
      is: {
        offeringId: 'small-vps',
        cpuCores: 1,
        memoryMb: 1024,
        sshPublicKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey me@laptop'],
      },
    },
    {
      kept: `{"v": 1, "offeringId": "small-vps", "cpuCores": 2, "memoryMb": 4096, "storageGb": 40,
        "operatingSystem": "Debian 12",
        "sshPublicKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey me@laptop"],
        "provisionerType": "local", "provisionerConfig": "{\\"template_vmid\\":9000}",
        "postProvisionScript": "#!/bin/sh\\necho ready\\n"}`,
      is: {
        offeringId: 'small-vps',
        cpuCores: 2,
        memoryMb: 4096,
        storageGb: 40,
        operatingSystem: 'Debian 12',
        sshPublicKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey me@laptop'],
        provisionerType: 'local',
        provisionerConfig: '{"template_vmid":9000}',
        postProvisionScript: '#!/bin/sh\necho ready\n',
      },
    },
  ],
  Object.keys(machineSpec.shape),
);
