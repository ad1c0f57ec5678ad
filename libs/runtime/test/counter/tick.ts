import { type Sweep, Sweeps } from '../../src/index.ts';

@Sweeps({ name: 'tick', everySeconds: 3_600 })
export class Tick implements Sweep {
  ticks = 0;
  async sweep(): Promise<void> {
    this.ticks++;
  }
}
