import { beginStack } from './stack/begin.mjs';

await beginStack(process.argv.slice(2));
