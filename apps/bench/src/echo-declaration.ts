import { request } from '@decent-cloud/messages';
import { int64, publicKeyHex } from '@decent-cloud/messages/wire';
import { z } from 'zod';

const record = z.object({
  publicKey: publicKeyHex(),
  name: z.string(),
  amountE9s: int64(),
  tags: z.array(z.string()),
});

/** Gives back what it gets: a hop on the bus and nothing else. */
export const echo = request({
  subject: 'req.accounts.v1.echo',
  askedBy: ['gateway'],
  body: record,
  answer: record,
});

/** The same on the bare client. */
export const RAW_SUBJECT = 'bench.raw-echo';

/** Some 200 bytes as JSON. */
export const RECORD = {
  publicKey: '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
  name: 'a machine in a cellar in Berlin',
  amountE9s: 13_888_888n,
  tags: ['small', 'cheap', 'berlin', 'debian', 'ipv6'],
};
