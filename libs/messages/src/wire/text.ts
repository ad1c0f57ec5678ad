import { z } from 'zod';

const encoder = new TextEncoder();
const fits = (text: string, maxBytes: number): boolean =>
  text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes;

/** Text of at most so many bytes in UTF-8. U+0000 cannot be stored. */
export const text = (maxBytes: number, error = `is too long (max ${maxBytes} bytes)`) =>
  z
    .string()
    .max(maxBytes, { error })
    .refine((value) => !value.includes('\0'), { error: 'must not contain U+0000' })
    .refine((value) => fits(value, maxBytes), { error });
