const SIZE = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([kmgtp])?i?b?\s*$/i;
const MB_PER: Readonly<Record<string, number>> = { m: 1, g: 1_024, t: 1_024 ** 2, p: 1_024 ** 3 };
const MAX_INT32 = 2_147_483_647;

/** `"16 GB"`, `"2048 MB"`, `"1 TB"`, a bare number is GB: in MB, rounded up. Undefined when it says no size. */
export function sizeMb(text: string | undefined): number | undefined {
  const match = SIZE.exec(text ?? '');
  if (!match) return undefined;
  const perUnit = MB_PER[(match[2] ?? 'g').toLowerCase()];
  if (perUnit === undefined) return undefined;
  const mb = Math.ceil(Number(match[1]) * perUnit);
  return mb >= 1 && mb <= MAX_INT32 ? mb : undefined;
}

/** The same in GB, rounded up. */
export function sizeGb(text: string | undefined): number | undefined {
  const mb = sizeMb(text);
  return mb === undefined ? undefined : Math.ceil(mb / 1_024);
}
