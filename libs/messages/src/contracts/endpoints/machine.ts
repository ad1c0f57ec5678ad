import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64 } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { contractParams, tags, whenMachineLost } from '../parts.ts';

export const getCredentials = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/credentials',
  subject: 'req.contracts.v1.get-credentials',
  auth: 'signed',
  summary: 'The sealed credentials of a machine, as JSON text that only the calling key can open',
  tags,
  params: contractParams,
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'CREDENTIALS_NOT_AVAILABLE'],
});

const actionRefusals = ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'TRANSITION_NOT_ALLOWED'] as const;

export const resetPassword = endpoint({
  method: 'POST',
  path: '/api/v1/contracts/{id}/reset-password',
  subject: 'req.contracts.v1.reset-password',
  auth: 'signed',
  idempotent: true,
  summary: 'Ask for a new password of an own machine, sealed for every key of the account; at most 5 an hour',
  tags,
  params: contractParams,
  answer: z.string(),
  refusals: [...actionRefusals, 'RATE_LIMITED'],
});

export const rotateSshKey = endpoint({
  method: 'POST',
  path: '/api/v1/contracts/{id}/rotate-ssh-key',
  subject: 'req.contracts.v1.rotate-ssh-key',
  auth: 'signed',
  idempotent: true,
  summary: 'Let another SSH key into an own machine, and the present one no more',
  tags,
  params: contractParams,
  body: z
    .object({ newSshPubkey: text(16_384).meta({ description: 'One public key line, without options.' }) })
    .meta({
      id: 'RotateSshKeyRequest',
      examples: [{ newSshPubkey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… alice' }],
    }),
  answer: z.string(),
  refusals: [...actionRefusals, 'SSH_KEY_INVALID'],
});

export const setWhenMachineLost = endpoint({
  method: 'PUT',
  path: '/api/v1/contracts/{id}/when-machine-lost',
  subject: 'req.contracts.v1.set-when-machine-lost',
  auth: 'signed',
  summary:
    'Say what becomes of an own rental when its machine is lost: it ends, or another machine is made on the same terms',
  tags,
  params: contractParams,
  body: z
    .object({ whenMachineLost })
    .meta({ id: 'WhenMachineLostRequest', examples: [{ whenMachineLost: 'make-again' }] }),
  answer: z.string(),
  refusals: actionRefusals,
});

export const getRecipeLog = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/recipe-log',
  subject: 'req.contracts.v1.get-recipe-log',
  auth: 'signed',
  summary: "The end of what the offering's script has printed in an own machine; null when none has run",
  tags,
  params: contractParams,
  answer: z.string().nullable(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const getScriptRun = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/script-run',
  subject: 'req.contracts.v1.get-script-run',
  auth: 'signed',
  summary:
    "How the offering's script has ended in an own machine, and the end of what it has printed; null when none has run",
  tags,
  params: contractParams,
  answer: z
    .object({
      /** Of the machine: a contract may get another one. */
      generation: z.int(),
      success: z.boolean(),
      exitCode: z.int().meta({ description: '-1: ended from outside.' }),
      finishedAtNs: int64(),
      log: z.string(),
    })
    .meta({ id: 'ScriptRun' })
    .nullable(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});
