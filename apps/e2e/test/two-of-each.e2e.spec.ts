import { Platform } from '../src/platform.ts';
import { journey } from './parts/journey.ts';
import { replicas } from './parts/replicas.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await Platform.start({ replicas: 2 });
}, 240_000);
afterAll(() => platform?.stop(), 60_000);

const running = () => platform;

journey(running, 2);
replicas(running);
