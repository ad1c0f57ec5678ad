import { constants, type Stats } from 'node:fs';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const KINDS: Readonly<Record<number, string>> = {
  [constants.S_IFDIR]: 'd',
  [constants.S_IFLNK]: 'l',
  [constants.S_IFREG]: '-',
  [constants.S_IFIFO]: 'p',
  [constants.S_IFSOCK]: 's',
  [constants.S_IFCHR]: 'c',
  [constants.S_IFBLK]: 'b',
};

/** A line of `ls -ln`, which clients show as it is. */
export function longName(filename: string, { mode, nlink, uid, gid, size, mtime }: Stats): string {
  const rights = [6, 3, 0]
    .flatMap((shift) => [4, 2, 1].map((bit, index) => ((mode >> shift) & bit ? 'rwx'[index] : '-')))
    .join('');
  const day = `${MONTHS[mtime.getUTCMonth()]} ${`${mtime.getUTCDate()}`.padStart(2)}`;
  const when = `${day} ${`${mtime.getUTCFullYear()}`.padStart(5)}`;
  const kind = KINDS[mode & constants.S_IFMT] ?? '?';
  return `${kind}${rights} ${`${nlink}`.padStart(3)} ${`${uid}`.padEnd(8)} ${`${gid}`.padEnd(8)} ${`${size}`.padStart(8)} ${when} ${filename}`;
}
