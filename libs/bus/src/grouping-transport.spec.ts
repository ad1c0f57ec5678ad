import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { GroupingTransport } from './grouping-transport.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A transport whose socket notes what each write to the system carries. */
function connected(): { transport: GroupingTransport; writes: string[] } {
  const writes: string[] = [];
  const note = (chunks: readonly { chunk: Buffer }[]) =>
    writes.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
  const transport = new GroupingTransport();
  transport.options = {};
  transport.socket = new Writable({
    write(chunk, _encoding, done) {
      note([{ chunk }]);
      done();
    },
    writev(chunks, done) {
      note(chunks);
      done();
    },
  }) as unknown as Socket;
  transport.connected = true;
  return { transport, writes };
}

describe('what is sent', () => {
  it('in one turn of the event loop is one write, in its order, however many promises are between', async () => {
    const { transport, writes } = connected();
    for (const text of ['a', 'b', 'c']) {
      transport.send(Buffer.from(text));
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(writes).toEqual([]);
    await turn();
    expect(writes).toEqual(['abc']);
    transport.send(Buffer.from('d'));
    await turn();
    expect(writes).toEqual(['abc', 'd']);
  });

  it('before an orderly end goes out', async () => {
    const { transport, writes } = connected();
    transport.send(Buffer.from('last words'));
    await transport.close();
    expect(writes.join('')).toBe('last words');
  });
});
