import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** Entries of their own, for programs on Node; nothing else of the library may import them. */
const FOR_NODE = ['crash-file.ts', 'needed-node.ts'];

/** Libraries that the web page bundles: nothing of Node's own may be in them. */
test.each(['identity', 'kernel', 'messages', 'client'])(
  '%s needs nothing that a browser lacks',
  (library) => {
    const folder = join(import.meta.dirname, '../..', library, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && !FOR_NODE.includes(file),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      const imported = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
      expect({
        file,
        forNode: imported.filter((one) => FOR_NODE.some((entry) => one.endsWith(entry))),
      }).toEqual({
        file,
        forNode: [],
      });
      expect({ file, builtins: imported.filter(isBuiltin) }).toEqual({ file, builtins: [] });
      expect({ file, globals: text.match(/(?<![-\w])(process|Buffer)\./g) }).toEqual({ file, globals: null });
    }
  },
);
