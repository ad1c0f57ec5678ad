import { crash } from '@decent-cloud/kernel';
import { CrashPointError } from '@decent-cloud/kernel/crash-file';
import { type Backend, BackendError, type BackendFailure } from './backend.ts';

/** The backend with the crash points of its calls, where there are any. */
export function withCrashPoints(backend: Backend): Backend {
  if (!crash.points) return backend;
  const own: Pick<Backend, 'provision' | 'terminate'> = {
    provision: (options) => call('provision', () => backend.provision(options)),
    terminate: (externalId) => call('terminate', () => backend.terminate(externalId)),
  };
  return Object.assign(Object.create(backend) as Backend, own);
}

async function call<T>(name: string, work: () => Promise<T>): Promise<T> {
  pass(name, 'before');
  const result = await work();
  return pass(name, 'after') ? work() : result;
}

function pass(name: string, place: string): boolean {
  try {
    return crash.points?.pass(`provider-agent:backend:${name}:${place}`) ?? false;
  } catch (error) {
    if (!(error instanceof CrashPointError) || !error.failure) throw error;
    // What a spec has written into the file.
    throw new BackendError(error.failure as BackendFailure, { cause: error });
  }
}
