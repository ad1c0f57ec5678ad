import { constants, type Stats } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
} from 'node:fs/promises';
import { join, normalize, resolve } from 'node:path';
import type { Attributes, FileEntry, SFTPWrapper } from 'ssh2';
import ssh2 from 'ssh2';
import { longName } from './long-name.ts';
import { attributesOf, openFlagsOf, permissionsOf, SftpError, statusOf } from './sftp-protocol.ts';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
const MOST_HANDLES = 128;
/** The usual clients have 64 on their way. */
const MOST_WAITING = 1_024;
const ENTRIES_AT_ONCE = 64;
const LARGEST_READ_BYTES = 256 * 1_024;

type Handle =
  | { readonly kind: 'file'; readonly file: FileHandle; readonly appends: boolean }
  | { readonly kind: 'folder'; readonly path: string; names: string[] | undefined };

/** Serves the files of the host to one session, relative to its home: what a shell of the machine can do, and no more. */
export function serveFiles(sftp: SFTPWrapper, home: string, onFault: (error: unknown) => void): void {
  const files = new FileSession(sftp, home, onFault);
  sftp.on('OPEN', (id, path, flags, attrs) => files.answer(id, () => files.open(id, path, flags, attrs)));
  sftp.on('READ', (id, handle, offset, size) => files.answer(id, () => files.read(id, handle, offset, size)));
  sftp.on('WRITE', (id, handle, offset, data) => files.answer(id, () => files.write(handle, offset, data)));
  sftp.on('CLOSE', (id, handle) => files.answer(id, () => files.close(handle)));
  sftp.on('FSTAT', (id, handle) => files.answer(id, () => files.fstat(id, handle)));
  sftp.on('FSETSTAT', (id, handle, attrs) => files.answer(id, () => files.fsetstat(handle, attrs)));
  sftp.on('OPENDIR', (id, path) => files.answer(id, () => files.openFolder(id, path)));
  sftp.on('READDIR', (id, handle) => files.answer(id, () => files.readFolder(id, handle)));
  sftp.on('STAT', (id, path) => files.answer(id, async () => tell(id, await stat(files.at(path)))));
  sftp.on('LSTAT', (id, path) => files.answer(id, async () => tell(id, await lstat(files.at(path)))));
  sftp.on('SETSTAT', (id, path, attrs) => files.answer(id, () => files.setStat(path, attrs)));
  sftp.on('REMOVE', (id, path) => files.answer(id, () => unlink(files.at(path))));
  sftp.on('RMDIR', (id, path) => files.answer(id, () => rmdir(files.at(path))));
  sftp.on('MKDIR', (id, path, { mode }) =>
    files.answer(id, async () => void (await mkdir(files.at(path), permissionsOf(mode)))),
  );
  sftp.on('RENAME', (id, from, to) => files.answer(id, () => files.rename(from, to)));
  sftp.on('REALPATH', (id, path) => files.answer(id, async () => name(id, await files.realPath(path))));
  sftp.on('READLINK', (id, path) => files.answer(id, async () => name(id, await readlink(files.at(path)))));
  sftp.on('SYMLINK', (id, link, target) => files.answer(id, () => symlink(target, files.at(link))));
  sftp.on('EXTENDED', (id) => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED));
  // A client that has all it wanted waits for the other end to close.
  sftp.on('end', () => {
    tellSuccess(sftp);
    sftp.end();
  });
  sftp.on('error', () => sftp.end());
  sftp.on('close', () => files.end());

  const tell = (id: number, found: Stats): true => {
    sftp.attrs(id, attributesOf(found));
    return true;
  };
  const name = (id: number, filename: string): true => {
    sftp.name(id, [{ filename, longname: filename, attrs: {} as Attributes }]);
    return true;
  };
}

/** `scp` takes an end without an exit code for a failure. The way to say it is not in the public types. */
function tellSuccess(sftp: SFTPWrapper): void {
  const { outgoing, _protocol: protocol } = sftp as unknown as {
    readonly outgoing: { readonly id: number; readonly state: string };
    readonly _protocol: { exitStatus(channel: number, code: number): void };
  };
  if (outgoing.state === 'open') protocol.exitStatus(outgoing.id, 0);
}

class FileSession {
  private readonly handles = new Map<number, Handle>();
  private nextHandle = 0;
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(
    private readonly sftp: SFTPWrapper,
    private readonly home: string,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Paths that do not begin at the root begin at home. */
  at(path: string): string {
    return resolve(this.home, path === '' ? '.' : path);
  }

  /** One after the other: clients take an answer for the end of what they asked before. No answer of its own is a success. */
  answer(id: number, work: () => Promise<unknown>): void {
    if (this.waiting >= MOST_WAITING) {
      this.sftp.status(id, STATUS_CODE.FAILURE, 'too many requests at once');
      return;
    }
    this.waiting++;
    this.tail = this.tail
      .then(work)
      .then(
        (answered) => {
          if (answered !== true) this.sftp.status(id, STATUS_CODE.OK);
        },
        (error: NodeJS.ErrnoException) => {
          if (error.code === undefined && !(error instanceof SftpError)) this.onFault(error);
          this.sftp.status(id, ...statusOf(error));
        },
      )
      .catch(this.onFault)
      .finally(() => {
        this.waiting--;
      });
  }

  async open(id: number, path: string, flags: number, { mode }: Attributes): Promise<true> {
    this.mustHaveRoom();
    // A pipe that nobody serves would hold a thread of the agent for ever.
    const file = await open(
      this.at(path),
      openFlagsOf(flags) | constants.O_NONBLOCK,
      permissionsOf(mode) ?? 0o666,
    );
    const appends = (flags & OPEN_MODE.APPEND) !== 0;
    this.sftp.handle(id, this.keep({ kind: 'file', file, appends }));
    return true;
  }

  async read(id: number, handle: Buffer, offset: number, size: number): Promise<true> {
    const buffer = Buffer.allocUnsafe(Math.min(size, LARGEST_READ_BYTES));
    const { bytesRead } = await this.file(handle).file.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) this.sftp.status(id, STATUS_CODE.EOF);
    else this.sftp.data(id, buffer.subarray(0, bytesRead));
    return true;
  }

  async write(handle: Buffer, offset: number, data: Buffer): Promise<void> {
    const { file, appends } = this.file(handle);
    for (let done = 0; done < data.length; ) {
      const place = appends ? null : offset + done;
      done += (await file.write(data, done, data.length - done, place)).bytesWritten;
    }
  }

  async close(handle: Buffer): Promise<void> {
    const known = this.handle(handle);
    this.handles.delete(handle.readUInt32BE());
    if (known.kind === 'file') await known.file.close();
  }

  async fstat(id: number, handle: Buffer): Promise<true> {
    this.sftp.attrs(id, attributesOf(await this.file(handle).file.stat()));
    return true;
  }

  async fsetstat(handle: Buffer, { size, mode, atime, mtime }: Partial<Attributes>): Promise<void> {
    const { file } = this.file(handle);
    if (size !== undefined) await file.truncate(size);
    if (mode !== undefined) await file.chmod(mode & 0o7777);
    if (atime !== undefined && mtime !== undefined) await file.utimes(atime, mtime);
  }

  async setStat(path: string, { size, mode, atime, mtime }: Partial<Attributes>): Promise<void> {
    const place = this.at(path);
    if (size !== undefined) await truncate(place, size);
    if (mode !== undefined) await chmod(place, mode & 0o7777);
    if (atime !== undefined && mtime !== undefined) await utimes(place, atime, mtime);
  }

  async openFolder(id: number, path: string): Promise<true> {
    this.mustHaveRoom();
    const place = this.at(path);
    await (await opendir(place)).close();
    this.sftp.handle(id, this.keep({ kind: 'folder', path: place, names: undefined }));
    return true;
  }

  async readFolder(id: number, handle: Buffer): Promise<true> {
    const known = this.handle(handle);
    if (known.kind !== 'folder') throw new SftpError('not a folder');
    known.names ??= await namesIn(known.path);
    const entries = await Promise.all(
      known.names.splice(0, ENTRIES_AT_ONCE).map((filename) => entryOf(known.path, filename)),
    );
    const there = entries.filter((entry) => entry !== undefined);
    if (there.length > 0) this.sftp.name(id, there);
    else if (known.names.length > 0) return this.readFolder(id, handle);
    else this.sftp.status(id, STATUS_CODE.EOF);
    return true;
  }

  /** Version 3 of the protocol replaces nothing. */
  async rename(from: string, to: string): Promise<void> {
    const target = this.at(to);
    const isThere = await lstat(target).then(
      () => true,
      () => false,
    );
    if (isThere) throw new SftpError('the new name is taken');
    await rename(this.at(from), target);
  }

  /** Clients ask for places that they are about to make, too. */
  async realPath(path: string): Promise<string> {
    const place = this.at(path);
    return realpath(place).catch(() => normalize(place));
  }

  end(): void {
    this.ended = true;
    for (const handle of this.handles.values()) {
      if (handle.kind === 'file') handle.file.close().catch(this.onFault);
    }
    this.handles.clear();
  }

  private mustHaveRoom(): void {
    if (this.handles.size >= MOST_HANDLES) throw new SftpError('too many open files');
  }

  private keep(handle: Handle): Buffer {
    const number = this.nextHandle++;
    this.handles.set(number, handle);
    // It was opened for somebody who has gone meanwhile.
    if (this.ended) this.end();
    const name = Buffer.alloc(4);
    name.writeUInt32BE(number);
    return name;
  }

  private handle(name: Buffer): Handle {
    const known = name.length === 4 ? this.handles.get(name.readUInt32BE()) : undefined;
    if (!known) throw new SftpError('no such handle');
    return known;
  }

  private file(name: Buffer): Extract<Handle, { kind: 'file' }> {
    const known = this.handle(name);
    if (known.kind !== 'file') throw new SftpError('not a file');
    return known;
  }
}

async function namesIn(path: string): Promise<string[]> {
  const names = ['.', '..'];
  for await (const { name } of await opendir(path)) names.push(name);
  return names;
}

async function entryOf(folder: string, filename: string): Promise<FileEntry | undefined> {
  try {
    const found = await lstat(join(folder, filename));
    return { filename, longname: longName(filename, found), attrs: attributesOf(found) };
  } catch (error) {
    // Gone since its name was read, or not to be looked at.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
