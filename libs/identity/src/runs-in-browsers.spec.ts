import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** Libraries that the web page bundles: nothing of Node's own may be in them. */
test.each(['identity', 'kernel', 'messages', 'client'])(
  '%s needs nothing that a browser lacks',
  (library) => {
    const folder = join(import.meta.dirname, '../..', library, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      const imported = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
      expect({ file, builtins: imported.filter(isBuiltin) }).toEqual({ file, builtins: [] });
      expect({ file, globals: text.match(/\b(process|Buffer)\./g) }).toEqual({ file, globals: null });
    }
  },
);
