import { BackendError } from '../backend.ts';
import type { Engine } from './engine.ts';
import type { EngineError } from './engine-error.ts';

/** Makes sure that the image is here. @throws BackendError of class config when it cannot be had */
export async function ensureImage(engine: Engine, name: string, mayPull: boolean): Promise<void> {
  if (await engine.image(name)) return;
  if (!mayPull) throw absent(name, 'and is not to be pulled (pull_images = false)');
  try {
    await engine.pull(name);
  } catch (error) {
    if ((error as EngineError).status === 404) throw absent(name, 'and no registry gives it', error);
    throw error;
  }
  if (!(await engine.image(name))) throw absent(name, 'although its pull has ended');
}

function absent(name: string, why: string, cause?: unknown): BackendError {
  return new BackendError(
    { class: 'config', code: 'IMAGE_ABSENT', message: `the image ${name} is not on this host ${why}` },
    { cause },
  );
}
