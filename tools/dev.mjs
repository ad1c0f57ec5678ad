import { beginStack } from './stack/begin.mjs';

await beginStack(['--watch']);
