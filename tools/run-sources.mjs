import { loadSources } from './specs/sources.mjs';

/** For `--import`: a program runs from its TypeScript sources, decorators included. */
loadSources();
