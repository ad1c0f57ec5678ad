import { type Export, encodeAccount } from '@nats-io/jwt';
import { signerOf } from './keys.ts';
import { NO_LIMITS } from './operator.ts';

/**
 * What the hub lets agents' accounts reach. The token at `position` is the public key of the importing account: the
 * broker puts it there, so an agent cannot name another one.
 */
export const agentExports = [
  {
    name: 'next-command',
    subject: '$JS.API.CONSUMER.MSG.NEXT.AGENT_CMD.*',
    position: 7,
    responses: 'Stream',
  },
  {
    name: 'consumer-info',
    subject: '$JS.API.CONSUMER.INFO.AGENT_CMD.*',
    position: 6,
    responses: 'Singleton',
  },
  { name: 'ack-command', subject: '$JS.ACK.AGENT_CMD.*.>', position: 4, responses: 'Singleton' },
  { name: 'event', subject: 'agent.evt.v1.*.>', position: 4, responses: 'Singleton' },
  { name: 'heartbeat', subject: 'agent.hb.v1.*', position: 4, responses: 'Singleton' },
  { name: 'rpc', subject: 'agent.rpc.v1.*.>', position: 4, responses: 'Singleton' },
] as const;

/** The account of the services, with the streams. */
export function hubAccountJwt(options: {
  readonly accountPublicKey: string;
  readonly operatorSigningSeed: string;
  readonly userSigningKeyPublic: string;
  /** Disk for all streams, in bytes; -1 is no limit of its own. */
  readonly diskBytes?: number;
  readonly memoryBytes?: number;
}): Promise<string> {
  const exports: Export[] = agentExports.map(({ name, subject, position, responses }) => ({
    name,
    subject,
    type: 'service',
    response_type: responses,
    account_token_position: position,
  }));
  return encodeAccount(
    'HUB',
    options.accountPublicKey,
    {
      exports,
      signing_keys: [options.userSigningKeyPublic],
      limits: {
        ...NO_LIMITS,
        leaf: 0,
        mem_storage: options.memoryBytes ?? -1,
        disk_storage: options.diskBytes ?? -1,
        streams: -1,
        consumer: -1,
        max_ack_pending: -1,
        mem_max_stream_bytes: -1,
        disk_max_stream_bytes: -1,
        max_bytes_required: false,
      },
    },
    { signer: signerOf(options.operatorSigningSeed) },
  );
}
