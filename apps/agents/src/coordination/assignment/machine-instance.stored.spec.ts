import { machineInstance } from '@decent-cloud/messages/facts';
import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedInstance } from './machine-instance.stored.ts';

readsForEver(
  storedInstance,
  [
    {
      kept: `{"externalId": "dc-1", "provisionerType": "local", "publicIp": "127.0.0.1", "sshPort": 2222,
        "sshUser": "root"}`,
      is: {
        externalId: 'dc-1',
        provisionerType: 'local',
        publicIp: '127.0.0.1',
        sshPort: 2222,
        sshUser: 'root',
      },
    },
    {
      kept: `{"v": 1, "externalId": "dc-1", "provisionerType": "docker", "publicIp": "192.0.2.10",
        "ipAddress": "10.0.0.4", "ipv6Address": "2001:db8::4", "sshPort": 2222, "sshUser": "root",
        "sshHostKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHost", "additionalDetails": "node pve1",
        "gatewaySlug": "quiet-fox", "gatewaySubdomain": "quiet-fox.dc1.example.org",
        "gatewaySshPort": 20001, "gatewayPortRangeStart": 20001, "gatewayPortRangeEnd": 20010}`,
      is: {
        externalId: 'dc-1',
        provisionerType: 'docker',
        publicIp: '192.0.2.10',
        ipAddress: '10.0.0.4',
        ipv6Address: '2001:db8::4',
        sshPort: 2222,
        sshUser: 'root',
        sshHostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHost',
        additionalDetails: 'node pve1',
        gatewaySlug: 'quiet-fox',
        gatewaySubdomain: 'quiet-fox.dc1.example.org',
        gatewaySshPort: 20001,
        gatewayPortRangeStart: 20001,
        gatewayPortRangeEnd: 20010,
      },
    },
  ],
  Object.keys(machineInstance.shape),
);
