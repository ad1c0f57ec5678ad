import { sizeGb, sizeMb } from './size.ts';

describe('sizes', () => {
  it.each([
    ['16 GB', 16_384],
    ['2048 MB', 2_048],
    ['1 TB', 1_048_576],
    ['4GB', 4_096],
    ['0.5 gb', 512],
    ['4 GiB', 4_096],
    ['8G', 8_192],
    ['8', 8_192],
    ['0.0001 GB', undefined],
    ['0 GB', undefined],
    ['-1 GB', undefined],
    ['plenty', undefined],
    ['16 GB DDR4', undefined],
    ['512 KB', undefined],
    ['999999999 TB', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s MB', (text, mb) => {
    expect(sizeMb(text)).toBe(mb);
  });

  it('round up to whole GB', () => {
    expect(sizeGb('40 GB')).toBe(40);
    expect(sizeGb('1 TB')).toBe(1_024);
    expect(sizeGb('2500 MB')).toBe(3);
    expect(sizeGb('none')).toBeUndefined();
  });
});
