import { beginStack } from './begin-stack.mjs';

await beginStack(process.argv.slice(2));
