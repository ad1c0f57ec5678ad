import { signMessage } from '@decent-cloud/identity';

/** Makes a message one of this agent. */
export type Sign = <T extends object>(message: T) => T & { readonly sig: string };

export const signWith =
  (seed: Uint8Array): Sign =>
  (message) =>
    signMessage(seed, message);
