import { Refusal } from '@decent-cloud/kernel';

const MAX_NAMED = 20;

/**
 * The system as the offering writes it; null when the tenant leaves it to the provider.
 * @param offered those of the offering, with commas between; absent: there is no choice
 * @throws Refusal when it is none of them
 */
export function operatingSystemOf(asked: string | null, offered: string | undefined): string | null {
  const wanted = asked?.trim() ?? '';
  if (wanted === '') return null;
  const choice = (offered ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const found = choice.find((name) => name.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found;
  const why =
    choice.length === 0
      ? 'this offering has no choice of systems; leave it out'
      : `choose one of: ${choice.slice(0, MAX_NAMED).join(', ')}`;
  throw new Refusal('INVALID', 'INVALID_INPUT', `operating_system "${wanted.slice(0, 64)}": ${why}`);
}
