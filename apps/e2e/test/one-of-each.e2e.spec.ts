import { Platform } from '../src/platform.ts';
import { agentKill } from './parts/agent-kill.ts';
import { hostile } from './parts/hostile.ts';
import { journey } from './parts/journey.ts';
import { kill } from './parts/kill.ts';
import { operations } from './parts/operations.ts';
import { readme } from './parts/readme.ts';

/** Looks come every five seconds: time for the one that makes a machine missing, before the one that makes it lost. */
const LOST_SOON = '20';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start({
    env: {
      LOST_AFTER_SECONDS: LOST_SOON,
      ALL_LOST_AFTER_SECONDS: LOST_SOON,
      // Somebody guesses at every endpoint, as everybody.
      WRONG_GUESSES_PER_MINUTE: '100000',
    },
  });
}, 180_000);
afterAll(() => platform?.stop(), 60_000);

const running = () => platform;

readme(running);
journey(running, 1);
hostile(running);
operations(running);
// Nobody may have logged an error until here; from here on processes die.
agentKill(running);
kill(running);
