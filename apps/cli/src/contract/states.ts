/** The way of a rental that goes well, in its order. */
export const ORDER = ['requested', 'pending', 'accepted', 'provisioning', 'provisioned', 'active'];
export const ENDS: readonly string[] = ['rejected', 'cancelled', 'expired', 'provisioningfailed', 'failed'];
export const STATES: readonly string[] = [...ORDER, ...ENDS];

/** Nothing comes after it: what is waited for will not be. */
export const isOver = (status: string): boolean => ENDS.includes(status);
