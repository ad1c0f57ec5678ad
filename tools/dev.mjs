import { beginStack } from './begin-stack.mjs';

await beginStack(['--watch']);
