import { z } from 'zod';
import { endpoint } from '../../../wire/endpoint.ts';
import { int64, optionalIn } from '../../../wire/schema.ts';
import { text } from '../../../wire/text.ts';
import { providerParams, tags } from './parts.ts';

const name = () => optionalIn(text(255));
const size = () => optionalIn(int64(0n));
const storagePool = z
  .looseObject({ name: name(), totalGb: size(), availableGb: size(), storageType: name() })
  .meta({ id: 'StoragePoolInfo' });
const gpuDevice = z
  .looseObject({ pciId: name(), name: name(), vendor: name(), memoryMb: size() })
  .meta({ id: 'GpuDeviceInfo' });
const template = z.looseObject({ vmid: size(), name: name() }).meta({ id: 'TemplateInfo' });

export const sendHeartbeat = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/heartbeat',
  subject: 'req.agents.v1.send-heartbeat',
  auth: 'agent',
  permission: 'heartbeat',
  summary: 'Show that an agent that polls is alive',
  tags,
  params: providerParams,
  body: z
    .object({
      version: optionalIn(text(64)),
      provisionerType: optionalIn(text(64)),
      capabilities: optionalIn(z.array(text(64)).max(50)),
      activeContracts: int64(0n, 2_147_483_647n),
      bandwidthStats: optionalIn(
        z
          .array(
            z
              .object({
                gatewaySlug: text(64),
                contractId: text(128),
                bytesIn: int64(0n),
                bytesOut: int64(0n),
              })
              .meta({ id: 'VmBandwidthReport' }),
          )
          .max(5_000),
      ),
      resources: optionalIn(
        z
          .looseObject({
            cpuModel: name(),
            cpuCores: size(),
            cpuThreads: size(),
            cpuMhz: size(),
            memoryTotalMb: size(),
            memoryAvailableMb: size(),
            storagePools: optionalIn(z.array(storagePool).max(1_000)),
            gpuDevices: optionalIn(z.array(gpuDevice).max(1_000)),
            templates: optionalIn(z.array(template).max(5_000)),
          })
          .meta({ id: 'ResourceInventory' }),
      ),
    })
    .meta({
      id: 'HeartbeatRequest',
      examples: [{ version: '0.6.0', provisionerType: 'proxmox', activeContracts: 1 }],
    }),
  answer: z
    .object({
      acknowledged: z.boolean(),
      nextHeartbeatSeconds: int64(),
      poolId: z.string().optional(),
      poolName: z.string().optional(),
      upgradeToVersion: z.string().optional(),
    })
    .meta({ id: 'HeartbeatResponse' }),
  refusals: ['NOT_OWNER', 'AGENT_INSTANCE_HELD'],
});
