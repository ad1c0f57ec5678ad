import { z } from 'zod';
import { endpoint } from '../../../wire/endpoint.ts';
import { int64, optionalIn, word } from '../../../wire/schema.ts';
import { text } from '../../../wire/text.ts';
import { TERMINATE_REASONS } from '../../../words/agents.ts';
import { providerParams, tags } from './parts.ts';

const reconciled = { externalId: z.string(), contractId: z.string() };

export const reconcileMachines = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/reconcile',
  subject: 'req.agents.v1.reconcile-machines',
  auth: 'agent',
  permission: 'fetch_contracts',
  summary: 'What is to become of the machines that an agent sees running',
  tags,
  params: providerParams,
  body: z
    .object({
      runningInstances: z
        .array(
          z
            .object({ externalId: text(256), contractId: optionalIn(text(256)) })
            .meta({ id: 'ReconcileRunningInstance' }),
        )
        .max(5_000),
    })
    .meta({ id: 'ReconcileRequest', examples: [{ runningInstances: [{ externalId: 'vm-100' }] }] }),
  answer: z
    .object({
      keep: z.array(z.object({ ...reconciled, endsAt: int64() }).meta({ id: 'ReconcileKeepInstance' })),
      terminate: z.array(
        z
          .object({ ...reconciled, reason: word(TERMINATE_REASONS) })
          .meta({ id: 'ReconcileTerminateInstance' }),
      ),
      unknown: z.array(
        z.object({ externalId: z.string(), message: z.string() }).meta({ id: 'ReconcileUnknownInstance' }),
      ),
      pause: z.array(z.object({ ...reconciled, reason: z.string() }).meta({ id: 'ReconcilePauseInstance' })),
    })
    .meta({ id: 'ReconcileResponse' }),
  refusals: ['NOT_OWNER', 'SERVICE_UNAVAILABLE', 'AGENT_INSTANCE_HELD'],
});
