import { Refusal } from '@decent-cloud/kernel';
import { Directory, type DirectoryOptions } from './directory.ts';
import { timeLeftMs, withRequestId } from './request-scope.ts';

type Answer = ReadonlyMap<string, string>;

/** A service that knows the names of all keys but `nobody`; a directory of them, with a clock that goes on by hand. */
function stage(changes: Partial<DirectoryOptions<string, string>> = {}) {
  const state = {
    nowMs: 0,
    questions: [] as string[][],
    /** Of the request in which they were asked. */
    timesLeft: [] as (number | undefined)[],
    version: 1,
    respond: (answer: () => Answer): Promise<Answer> => Promise.resolve(answer()),
  };
  const directory = new Directory<string, string>({
    name: 'names',
    ask: (keys) => {
      state.questions.push(keys);
      state.timesLeft.push(timeLeftMs());
      const known = keys.filter((key) => key !== 'nobody');
      return state.respond(() => new Map(known.map((key) => [key, `${key} ${state.version}`])));
    },
    keysAtOnce: 3,
    timeoutMs: 60_000,
    mostKept: 100,
    keptMs: 1_000,
    unknownKeptMs: 100,
    whenSilent: 'throw',
    nowMs: () => state.nowMs,
    ...changes,
  });
  /** Answers wait until they are let go, the newest first. */
  const holdBack = () => {
    const waiting: (() => void)[] = [];
    state.respond = (answer) =>
      new Promise((resolve) => {
        const said = answer();
        waiting.push(() => resolve(said));
      });
    return () => {
      for (const go of waiting.splice(0).reverse()) go();
    };
  };
  const silence = () => {
    state.respond = () => Promise.reject(silent());
  };
  return { state, directory, holdBack, silence };
}
const silent = () => new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'nobody there');
/** All that can go on without an answer has gone on. */
const settled = async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
const lenient = (notes: string[][], staleForMs: number) => ({
  whenSilent: { staleForMs, note: (_error: unknown, keys: readonly string[]) => notes.push([...keys]) },
});

describe('questions', () => {
  it('take what is asked for in the same tick, up to their cap', async () => {
    const { state, directory } = stage();
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((key) => directory.find(key)));
    expect(found).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    expect(state.questions).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('of a long list go one after the other, each key once', async () => {
    const { state, directory, holdBack } = stage();
    const go = holdBack();
    const finding = directory.findAll(['a', 'b', 'c', 'a', 'd']);
    await settled();
    expect(state.questions).toEqual([['a', 'b', 'c']]);
    go();
    await settled();
    expect(state.questions).toEqual([['a', 'b', 'c'], ['d']]);
    go();
    expect((await finding).size).toBe(4);
  });

  it('are not asked twice at the same time', async () => {
    const { state, directory, holdBack } = stage();
    const go = holdBack();
    const finding = [directory.find('a')];
    await settled();
    finding.push(directory.find('a'));
    await settled();
    go();
    expect(await Promise.all(finding)).toEqual(['a 1', 'a 1']);
    expect(state.questions).toEqual([['a']]);
  });

  it('have a time limit, after which the key is asked again', async () => {
    const { state, directory } = stage({ timeoutMs: 0 });
    const respond = state.respond;
    state.respond = () => new Promise(() => undefined);
    await expect(directory.find('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    state.respond = respond;
    expect(await directory.find('a')).toBe('a 1');
  });

  it('last as long as they may, also when the first who asked has no time left', async () => {
    const { state, directory, holdBack } = stage();
    const go = holdBack();
    const hurried = withRequestId('hurried', () => directory.find('a'), performance.now() + 20);
    const patient = withRequestId('patient', () => directory.find('a'), performance.now() + 60_000);
    await expect(hurried).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    go();
    expect(await patient).toBe('a 1');
    expect(state.timesLeft).toEqual([undefined]);
  });

  it('are not asked by whom nobody waits for', async () => {
    const { state, directory } = stage();
    const late = withRequestId('late', () => directory.find('a'), performance.now() - 1);
    await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(state.questions).toEqual([]);
  });
});

describe('answers', () => {
  it('hold for their time, and that there is none for its own', async () => {
    const { state, directory } = stage();
    const both = async () => [...(await directory.findAll(['a', 'nobody'])).keys()];
    expect(await both()).toEqual(['a']);
    state.nowMs = 99;
    expect(await both()).toEqual(['a']);
    expect(state.questions).toEqual([['a', 'nobody']]);
    state.nowMs = 100;
    await both();
    expect(state.questions.at(-1)).toEqual(['nobody']);
    state.nowMs = 1_000;
    await both();
    expect(state.questions.at(-1)).toEqual(['a', 'nobody']);
  });

  it('that there is none need not be kept, and take the place of what was known', async () => {
    const { state, directory } = stage({ unknownKeptMs: 0, ...lenient([], 5_000) });
    await directory.find('a');
    state.nowMs = 1_000;
    state.respond = () => Promise.resolve(new Map());
    for (let index = 0; index < 2; index++) expect(await directory.find('a')).toBeUndefined();
    expect(state.questions).toHaveLength(3);
    state.respond = () => Promise.reject(silent());
    expect(await directory.find('a')).toBeUndefined();
  });

  it('are kept for so many keys', async () => {
    const { state, directory } = stage({ mostKept: 2 });
    for (const key of ['a', 'b', 'c', 'a']) await directory.find(key);
    expect(state.questions).toEqual([['a'], ['b'], ['c'], ['a']]);
  });
});

describe('what has changed', () => {
  it.each([
    ['forget', (names: Directory<string, string>) => names.forget('a')],
    ['forgetThose', (names: Directory<string, string>) => names.forgetThose((name) => name === 'a 1')],
    ['forgetAll', (names: Directory<string, string>) => names.forgetAll()],
  ])('%s: is asked again, and an answer of before is not kept', async (_, forget) => {
    const { state, directory, holdBack } = stage();
    await directory.find('a');
    forget(directory);
    const go = holdBack();
    const before = directory.find('a');
    await settled();
    forget(directory);
    state.version = 2;
    const after = directory.find('a');
    await settled();
    go();
    expect(await before).toBe('a 1');
    expect(await after).toBe('a 2');
    expect(await directory.find('a')).toBe('a 2');
    expect(state.questions).toEqual([['a'], ['a'], ['a']]);
  });

  it('leaves the others', async () => {
    const { state, directory } = stage();
    await directory.findAll(['a', 'b', 'c']);
    directory.forget('a');
    directory.forgetThose((name) => name === 'b 1');
    await directory.findAll(['a', 'b', 'c']);
    expect(state.questions.at(-1)).toEqual(['a', 'b']);
  });
});

describe('while the service is silent', () => {
  it('whoever has chosen so fails, unless the answer is kept', async () => {
    const { state, directory, silence } = stage();
    await directory.find('a');
    silence();
    expect(await directory.find('a')).toBe('a 1');
    state.nowMs = 1_000;
    await expect(directory.findAll(['a', 'b'])).rejects.toMatchObject({ reason: 'SERVICE_UNAVAILABLE' });
  });

  it('others do without what is not kept; it is noted, and no further part is asked for', async () => {
    const notes: string[][] = [];
    const { state, directory, silence } = stage(lenient(notes, 0));
    await directory.find('a');
    silence();
    expect([...(await directory.findAll(['a', 'b', 'c', 'd', 'e']))]).toEqual([['a', 'a 1']]);
    expect(notes).toEqual([['b', 'c', 'd']]);
    state.nowMs = 1_000;
    expect(await directory.find('a')).toBeUndefined();
  });

  it('what is out of date serves for so long as was chosen', async () => {
    const { state, directory, silence } = stage(lenient([], 500));
    await directory.find('a');
    silence();
    state.nowMs = 1_499;
    expect(await directory.find('a')).toBe('a 1');
    expect(state.questions).toHaveLength(2);
    state.nowMs = 1_500;
    expect(await directory.find('a')).toBeUndefined();
  });
});
