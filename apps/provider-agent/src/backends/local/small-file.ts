import { constants, open } from 'node:fs/promises';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const LARGEST_BYTES = 1024 ** 2;

/** Reads a file that whoever signs in may have replaced: what would be endless or block is refused. @throws */
export async function readSmallFile(path: string): Promise<string> {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size > LARGEST_BYTES) throw new Error(`${path} is not the file it was`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
