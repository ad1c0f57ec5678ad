import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findBreaches } from '../boundaries.mjs';

/** A small repository that keeps every rule, made anew for each test; specs put in what breaks one. */
export class SmallTree {
  private root = '';

  constructor() {
    beforeEach(async () => {
      this.root = await mkdtemp(join(tmpdir(), 'dc-boundaries-'));
      const dependencies = { zod: '1', '@nestjs/core': '1' };
      await this.put(
        'package.json',
        JSON.stringify({ dependencies, devDependencies: { 'fast-check': '1' } }),
      );
      for (const lib of ['kernel', 'messages', 'testing', 'postgres']) await this.project('libs', lib);
      for (const app of ['accounts', 'payments', 'gateway', 'e2e', 'simulator'])
        await this.project('apps', app);
    });
    afterEach(() => rm(this.root, { recursive: true, force: true }));
  }

  async put(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  async project(kind: 'apps' | 'libs', name: string, tags?: string[]): Promise<void> {
    const own = [kind === 'apps' ? 'type:app' : 'type:lib', `scope:${name}`];
    await this.put(`${kind}/${name}/project.json`, JSON.stringify({ name, tags: tags ?? own }));
  }

  breaches(): string[] {
    return findBreaches(this.root);
  }
}
