import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 8 * 1024 ** 2;
const LONGEST_MS = 2_000;
/** Nothing more is on its way. */
const SILENCE_MS = 250;

/**
 * Reads the rest of a body that nobody wants, up to a bound. Who is still sending when the connection closes sees a broken
 * connection instead of the answer that says what was wrong.
 */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer) => {
      bytes += chunk.length;
      silence.refresh();
      if (bytes > MOST_BYTES) done();
    };
    const silence = setTimeout(done, SILENCE_MS);
    const longest = setTimeout(done, LONGEST_MS);
    function done() {
      clearTimeout(silence);
      clearTimeout(longest);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    }
    request.on('data', count).once('end', done).once('close', done).once('error', done).resume();
  });
}
