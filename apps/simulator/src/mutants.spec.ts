import { sampleOfEach } from '@decent-cloud/testing';
import { MUTANTS } from './mutants.ts';
import { simulate } from './simulate.ts';

const SEED = 1;
/** As many as the sound simulator goes through. */
const LIVES = 3_000;
const PATIENCE_MS = 300_000;
/** In `npm test`; all of them in `npm run test:all`. */
const AT_ONCE = 12;
const FOUND = sampleOfEach(
  MUTANTS,
  () => 'mutants',
  ({ name }) => name,
  AT_ONCE,
);

describe('the simulator finds', () => {
  it.each(FOUND)(
    '$name',
    async (mutant) => {
      let lives = 0;
      for await (const report of simulate(SEED, LIVES, mutant)) {
        lives += report.lives;
        if (report.violations.length > 0) break;
      }
      expect(lives).toBeLessThan(LIVES);
    },
    PATIENCE_MS,
  );
});
