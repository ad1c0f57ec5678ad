import { diskFullFailure } from './disk-full.ts';

const failed = (code: string) => Object.assign(new Error(`${code}: write`), { code });

test.each(['ENOSPC', 'EDQUOT'])('%s is no room at this provider, for another agent to take', (code) => {
  const wanted = { class: 'capacity', code: 'DISK_FULL' };
  expect(diskFullFailure(failed(code))).toMatchObject(wanted);
  expect(diskFullFailure(new Error('the machine is not made', { cause: failed(code) }))).toMatchObject(
    wanted,
  );
});

test('what else fails says nothing of the disk', () => {
  expect(diskFullFailure(failed('EACCES'))).toBeUndefined();
  expect(diskFullFailure('ENOSPC')).toBeUndefined();
});
