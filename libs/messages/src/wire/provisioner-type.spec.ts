import { createPool, updatePool } from '../agents.ts';
import { createOffering } from '../offerings.ts';

const CASES = [
  ['a new pool', createPool, { name: 'B', location: 'europe' }, 'provisionerType'],
  ['a changed pool', updatePool, {}, 'provisionerType'],
  ['an offering', createOffering, {}, 'provisioner_type'],
] as const;

test.each(CASES)(
  '%s of a type that is none is refused, with those that there are',
  (_what, { body }, rest, name) => {
    const faultsOf = (value: string): (string | undefined)[] =>
      (body.safeParse({ ...rest, [name]: value }).error?.issues ?? [])
        .filter(({ path }) => path[0] === name)
        .map(({ message }) => message);
    expect(faultsOf('locl')).toEqual([
      expect.stringMatching(/Invalid provisioner type 'locl': .*docker.*local/),
    ]);
    expect(faultsOf('local')).toEqual([]);
  },
);
