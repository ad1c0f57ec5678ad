import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** An entry of its own, for programs under test on Node; nothing else of the library may import it. */
const FOR_NODE = 'crash-file.ts';

/** Libraries that the web page bundles: nothing of Node's own may be in them. */
test.each(['identity', 'kernel', 'messages', 'client'])(
  '%s needs nothing that a browser lacks',
  (library) => {
    const folder = join(import.meta.dirname, '../..', library, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && file !== FOR_NODE,
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      const imported = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
      expect({ file, forNode: imported.filter((one) => one.endsWith(FOR_NODE)) }).toEqual({
        file,
        forNode: [],
      });
      expect({ file, builtins: imported.filter(isBuiltin) }).toEqual({ file, builtins: [] });
      expect({ file, globals: text.match(/(?<![-\w])(process|Buffer)\./g) }).toEqual({ file, globals: null });
    }
  },
);
