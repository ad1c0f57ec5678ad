import { existsSync } from 'node:fs';
import { lineWhere } from './source.mjs';

/** What a schema of stored JSON may be made of. */
const MAY_IMPORT = /^(zod|@decent-cloud\/kernel|\.\.?\/.*\.stored\.ts)$/;
const WIRE = /^@decent-cloud\/messages(?!\/words$)/;

/**
 * What is stored is not what travels: its schema knows nothing of the wire, not even a type, so that no change of the wire
 * makes old rows unreadable; it has samples; and no store reads rows with a schema of the wire.
 * @param {string} file @param {string} name its path from the root @param {string} text
 * @param {readonly import('./source.mjs').Used[]} imports
 * @returns {string[]}
 */
export function storedFaults(file, name, text, imports) {
  const isStored = name.endsWith('.stored.ts');
  const isStore = name.endsWith('.store.ts');
  if (!isStored && !isStore) return [];
  const faults = imports.flatMap(({ specifier = '', typeOnly }) => {
    const fault = isStored ? !MAY_IMPORT.test(specifier) : WIRE.test(specifier) && !typeOnly;
    if (!fault) return [];
    const line = lineWhere(text, (candidate) => candidate.includes(`'${specifier}'`));
    const why = isStored
      ? 'what is stored is made of zod and kernel only, nothing of the wire'
      : 'rows are not read with schemas of the wire: that is for a *.stored.ts';
    return [`${name}:${line}: "${specifier}": ${why}`];
  });
  const hasSamples = !isStored || existsSync(file.replace(/\.ts$/, '.spec.ts'));
  return hasSamples ? faults : [...faults, `${name}: has no spec with a sample of each version`];
}
