const SHOWN_HEX = 8;
/** 160 random bits, of which lists show 32. */
export const TOKEN_BYTES = 20;
export const DEFAULT_HOURS = 24;

/** `apt_<location>_<40 hex>` */
export function setupTokenText(location: string, randomHex: string): string {
  return `apt_${location}_${randomHex}`;
}

/** What lists show of a token, enough to name it for deletion and useless to join a pool with. */
export function shownOf(token: string): string {
  const secretAt = token.lastIndexOf('_') + 1;
  return `${token.slice(0, secretAt + SHOWN_HEX)}...`;
}

export type TokenFault = 'Invalid setup token' | 'Setup token already used' | 'Setup token expired';

/** Why a token does not let this agent in; undefined: it does. Used by the same agent it lets it in again. */
export function faultOfToken(
  token: { readonly expiresAtNs: bigint; readonly usedByAgent: string | null } | undefined,
  agentPublicKey: string,
  now: bigint,
): TokenFault | undefined {
  if (!token) return 'Invalid setup token';
  if (token.usedByAgent === agentPublicKey) return undefined;
  if (token.usedByAgent !== null) return 'Setup token already used';
  return token.expiresAtNs <= now ? 'Setup token expired' : undefined;
}
