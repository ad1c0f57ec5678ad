import { fmtCreds } from '@nats-io/jwt';
import { keyPairOf } from './keys.ts';

/** The text of a creds file. Secret: write it with mode 0600. */
export function credsText(jwt: string, userSeed: string): string {
  return new TextDecoder().decode(fmtCreds(jwt, keyPairOf(userSeed)));
}
