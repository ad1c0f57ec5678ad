import { constants, type Stats } from 'node:fs';
import type { Attributes } from 'ssh2';
import ssh2 from 'ssh2';

/* How SFTP, version 3, says what the host says of its files. */

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

/** A request that cannot be followed; its text is for the client. */
export class SftpError extends Error {
  override readonly name = 'SftpError';
}

export function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes {
  return {
    mode,
    uid,
    gid,
    size,
    atime: Math.trunc(atimeMs / 1_000) >>> 0,
    mtime: Math.trunc(mtimeMs / 1_000) >>> 0,
  };
}

/** Without the type of the file. */
export function permissionsOf(mode: number | undefined): number | undefined {
  return mode === undefined ? undefined : mode & 0o7777;
}

/** For `open` of the host. */
export function openFlagsOf(flags: number): number {
  const has = (flag: number) => (flags & flag) !== 0;
  const { O_RDONLY, O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_TRUNC, O_EXCL } = constants;
  const access = has(OPEN_MODE.WRITE) ? (has(OPEN_MODE.READ) ? O_RDWR : O_WRONLY) : O_RDONLY;
  return (
    access |
    (has(OPEN_MODE.APPEND) ? O_APPEND : 0) |
    (has(OPEN_MODE.CREAT) ? O_CREAT : 0) |
    (has(OPEN_MODE.TRUNC) ? O_TRUNC : 0) |
    (has(OPEN_MODE.EXCL) ? O_EXCL : 0)
  );
}

/** What the client is told. */
export function statusOf(error: NodeJS.ErrnoException): [number, string] {
  if (error instanceof SftpError) return [STATUS_CODE.FAILURE, error.message];
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [STATUS_CODE.NO_SUCH_FILE, 'No such file'];
    case 'EACCES':
    case 'EPERM':
      return [STATUS_CODE.PERMISSION_DENIED, 'Permission denied'];
    default:
      return [STATUS_CODE.FAILURE, error.code ?? 'Failure'];
  }
}
