import { MUTANTS } from './mutants.ts';
import { simulate } from './simulate.ts';

const SEED = 1;
/** As many as the sound simulator goes through. */
const LIVES = 3_000;
const PATIENCE_MS = 300_000;

describe('the simulator finds', () => {
  it.each(MUTANTS)(
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
