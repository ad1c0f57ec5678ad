// What specs get for `import { jest } from '@jest/globals'`; all else of it they have as globals.
import { jestObject } from './jest-object.mjs';

export const jest = jestObject;
