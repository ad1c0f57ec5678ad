const WHY: Readonly<Record<string, string>> = { OUT_OF_STOCK: 'out of stock', PROVIDER_OFFLINE: 'offline' };

/** Whether an offering can be rented now, or why not; undefined when the platform does not say. */
export function forRent(offering: {
  readonly can_rent_now?: boolean | undefined;
  readonly cannot_rent_reason?: string | undefined;
}): string | undefined {
  const { can_rent_now: can, cannot_rent_reason: reason = '' } = offering;
  if (can === undefined) return undefined;
  return can ? 'yes' : (WHY[reason] ?? reason);
}
