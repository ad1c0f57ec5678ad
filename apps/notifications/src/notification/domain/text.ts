import { formatAmountE9s } from '@decent-cloud/kernel';
import type { NotificationType } from '@decent-cloud/messages/words';
import type { Message } from '../../channels/channel.ts';

/** What one person is told. */
export interface Text extends Message {
  readonly type: NotificationType;
}

const HOURS = { month: 720, week: 168, day: 24, hour: 1 } as const;
const LONGEST_QUOTE = 500;

export const shortId = (contractId: string): string => `${contractId.slice(0, 16)}...`;

export const amountText = (amountE9s: bigint, currency: string): string =>
  `${formatAmountE9s(amountE9s)} ${currency}`;

/** In the largest unit that is exact: 36 hours are "36 hours", 48 are "2 days". */
export function durationText(hours: number): string {
  for (const [unit, length] of Object.entries(HOURS)) {
    if (hours >= length && hours % length === 0) {
      const count = hours / length;
      return `${count} ${unit}${count === 1 ? '' : 's'}`;
    }
  }
  return `${hours} hours`;
}

/** Somebody else's words: one line, no control characters, not too long. */
export function quote(words: string): string {
  const line = words
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join('')}…` : line;
}
