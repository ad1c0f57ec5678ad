import { readsForEver } from '@decent-cloud/testing/stored-samples';
import { storedMachineDetails } from './machine-details.stored.ts';

readsForEver(storedMachineDetails, [
  {
    kept: `{"external_id":"dc-1","provisioner_type":"local","public_ip":"127.0.0.1","ssh_port":2222,"ssh_user":"root"}`,
    is: {
      external_id: 'dc-1',
      provisioner_type: 'local',
      public_ip: '127.0.0.1',
      ssh_port: 2222,
      ssh_user: 'root',
    },
  },
  {
    kept: `{"v":1,"external_id":"dc-1","provisioner_type":"docker","public_ip":"192.0.2.10","ip_address":"10.0.0.4",
      "ipv6_address":"2001:db8::4","ssh_port":2222,"ssh_user":"root","ssh_host_key":"ssh-ed25519 AAAA",
      "additional_details":"node pve1","gateway_slug":"quiet-fox","gateway_subdomain":"quiet-fox.dc1.example.org",
      "gateway_ssh_port":20001,"gateway_port_range_start":20001,"gateway_port_range_end":20010}`,
    is: {
      external_id: 'dc-1',
      provisioner_type: 'docker',
      public_ip: '192.0.2.10',
      ip_address: '10.0.0.4',
      ipv6_address: '2001:db8::4',
      ssh_port: 2222,
      ssh_user: 'root',
      ssh_host_key: 'ssh-ed25519 AAAA',
      additional_details: 'node pve1',
      gateway_slug: 'quiet-fox',
      gateway_subdomain: 'quiet-fox.dc1.example.org',
      gateway_ssh_port: 20001,
      gateway_port_range_start: 20001,
      gateway_port_range_end: 20010,
    },
  },
]);

test('what clients are shown is the text that they always were shown', () => {
  const text = `{"external_id":"dc-1","provisioner_type":"local","public_ip":"127.0.0.1","ssh_port":2222,"ssh_user":"root"}`;
  expect(JSON.stringify(storedMachineDetails.readText(text))).toBe(text);
});
