const LONGEST_NUMBER = 400;
const MOST_DIGITS = 20;
/** Integers of fewer digits are safe. */
const LONG_DIGITS = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/**
 * Looks through JSON text once, before anything is made of it. Text that is no JSON passes: the parser refuses it.
 * @throws SyntaxError for numbers that are too long or too large, and for values nested deeper than `deepest`
 */
export function scanJson(text: string, deepest: number): { readonly hasLongInteger: boolean } {
  let depth = 0;
  let hasLongInteger = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) throw new SyntaxError('nested too deeply');
    } else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at);
      if (assertNumber(text, at, end) >= LONG_DIGITS) hasLongInteger = true;
      at = end - 1;
    }
  }
  return { hasLongInteger };
}

/** Where the string that begins at `start` has its last quote; the end of the text when it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end++;
  return end;
}

/** How many digits it has when it is an integer, else 0. @throws SyntaxError */
function assertNumber(text: string, start: number, end: number): number {
  if (end - start > LONGEST_NUMBER) {
    throw new SyntaxError(`a number has more than ${LONGEST_NUMBER} characters`);
  }
  let digits = 0;
  for (let at = start; at < end; at++) if (isDigit(text.charCodeAt(at))) digits++;
  const isInteger = digits === end - start - (text.charCodeAt(start) === MINUS ? 1 : 0);
  if (isInteger && digits > MOST_DIGITS) {
    throw new SyntaxError(`an integer has more than ${MOST_DIGITS} digits`);
  }
  if (isInteger) return digits;
  const number = text.slice(start, end);
  if (Math.abs(Number(number)) === Number.POSITIVE_INFINITY) {
    throw new SyntaxError(`the number ${number.slice(0, 40)} is too large`);
  }
  return 0;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Digits and any of `+-.eE`. */
const isOfNumber = (code: number): boolean =>
  isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS;
