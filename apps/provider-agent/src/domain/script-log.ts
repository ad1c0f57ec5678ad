import { SCRIPT_LOG_BYTES, SCRIPT_LOG_JSON_BYTES } from '@decent-cloud/messages/facts';

const NOT_TEXT = '\uFFFD';

/**
 * The end of what a script has printed: as much as fits a message, whatever is in it. Halves of characters at the cut, and
 * what no database keeps, are replaced.
 */
export function scriptLogOf(printed: string): string {
  const text = printed.slice(-SCRIPT_LOG_BYTES).toWellFormed().replaceAll('\0', NOT_TEXT);
  const characters = [...text];
  let bytes = 0;
  let jsonBytes = 2;
  let first = characters.length;
  while (first > 0) {
    const character = characters[first - 1] as string;
    bytes += Buffer.byteLength(character);
    jsonBytes += Buffer.byteLength(JSON.stringify(character)) - 2;
    if (bytes > SCRIPT_LOG_BYTES || jsonBytes > SCRIPT_LOG_JSON_BYTES) break;
    first--;
  }
  return characters.slice(first).join('');
}

/** Both outputs of a script as one text. */
export const outputsOf = (stdout: string, stderr: string): string =>
  stderr ? `${stdout}\n--- stderr ---\n${stderr}` : stdout;
