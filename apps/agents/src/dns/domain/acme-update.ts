import { Refusal } from '@decent-cloud/kernel';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** SHA-256 as base64url without padding: what every challenge of this kind is answered with. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

export interface AcmeCredentials {
  readonly user: string;
  readonly key: string;
}

/** @throws Refusal UNAUTHENTICATED when a header is missing, INVALID when the user is no UUID */
export function readCredentials(headers: {
  readonly 'x-api-user'?: string | undefined;
  readonly 'x-api-key'?: string | undefined;
}): AcmeCredentials {
  const { 'x-api-user': name, 'x-api-key': key } = headers;
  if (!name || !key) {
    throw new Refusal('UNAUTHENTICATED', 'API_KEY_INVALID', 'X-Api-User and X-Api-Key are needed');
  }
  const user = name.toLowerCase();
  if (!UUID.test(user)) throw new Refusal('INVALID', 'INVALID_INPUT', 'X-Api-User must be a UUID');
  return { user, key };
}

/** Of a user that has shown its key. @throws Refusal UNAUTHENTICATED for another's subdomain, INVALID */
export function readChallenge(
  body: { readonly subdomain?: string | undefined; readonly txt?: string | undefined } | undefined,
  user: string,
): string {
  const { subdomain, txt } = body ?? {};
  if (!subdomain || !txt) throw new Refusal('INVALID', 'INVALID_INPUT', 'subdomain and txt are needed');
  if (subdomain.toLowerCase() !== user) {
    throw new Refusal('UNAUTHENTICATED', 'API_KEY_INVALID', 'subdomain is not the one of this user');
  }
  if (!CHALLENGE.test(txt)) {
    throw new Refusal('INVALID', 'INVALID_INPUT', 'txt must be 43 characters of A-Z, a-z, 0-9, _ and -');
  }
  return txt;
}
