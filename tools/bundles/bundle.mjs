import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { entryModules } from './entry.mjs';
import { ownModule } from './own-modules.mjs';

/** Stays outside: native, and asked for only where it is installed. */
const NATIVE = [/\.node$/, 'pg-native', 'cpu-features', 'sodium-native'];
/** Nest asks for these when somebody uses that transport or platform; none of ours does, and none is installed. */
const NEVER_ASKED = [
  ...[
    'amqp-connection-manager',
    'amqplib',
    'class-transformer',
    'class-validator',
    'ioredis',
    'kafkajs',
    'mqtt',
  ],
  ...[/^@nestjs\/platform-express/, /^@nestjs\/websockets/, /^@grpc\/(grpc-js|proto-loader)$/],
  ...['@fastify/multipart', '@fastify/static', '@fastify/view'],
];
const VIRTUAL = /^bundle:/;
const OWN = /\/(?:apps|libs)\/[^/]+\/dist\/.*\.js$/;
const QUERY_COMPILER = /@prisma\/client\/runtime\/query_compiler_\w+\.postgresql\.wasm-base64\.mjs$/;

/**
 * Makes one file of a compiled program and of all that it imports.
 * @param {string} root @param {import('./programs.mjs').Program} program
 * @returns {Promise<string[]>} which of our own files are in it, relative to the root
 * @throws Error that says which import, in which file, cannot be followed
 */
export async function bundle(root, program) {
  const virtual = entryModules(root, program);
  /** @type {string[]} */
  const own = [];
  const bundling = await rolldown({
    input: 'bundle:entry',
    platform: 'node',
    external: [...NATIVE, ...NEVER_ASKED],
    plugins: [virtualModules(virtual), ownModules(program, own), queryCompiler()],
    onLog(level, log) {
      // What is not found would be asked for at run time, where nothing is installed.
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (level === 'warn' && !isExpected(log)) process.stderr.write(`${program.name}: ${log.message}\n`);
    },
  });
  try {
    const { output } = await bundling.generate({
      format: 'esm',
      codeSplitting: false,
      // Names of classes are said in logs and metrics.
      keepNames: true,
      // One character beyond Latin-1 would make V8 keep all of the text in twice the memory.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
      comments: false,
      sourcemap: true,
      sourcemapExcludeSources: true,
      file: program.target,
    });
    await mkdir(dirname(program.target), { recursive: true });
    for (const part of output) {
      const content = part.type === 'chunk' ? part.code : part.source;
      await writeWhole(join(dirname(program.target), part.fileName), content);
    }
  } finally {
    await bundling.close();
  }
  return own.map((file) => relative(root, file)).sort();
}

/** @param {Record<string, string>} modules @returns {import('rolldown').Plugin} */
function virtualModules(modules) {
  return {
    name: 'virtual-modules',
    resolveId: { filter: { id: VIRTUAL }, handler: (id) => id },
    load: { filter: { id: VIRTUAL }, handler: (id) => modules[id.replace(VIRTUAL, '')] },
  };
}

/** @param {import('./programs.mjs').Program} program @param {string[]} seen @returns {import('rolldown').Plugin} */
function ownModules({ target }, seen) {
  return {
    name: 'own-modules',
    load: {
      filter: { id: OWN },
      handler(id) {
        seen.push(id);
        return ownModule(id, target);
      },
    },
  };
}

/**
 * Prisma carries its compiler of queries as text, 4.6 MB that every process would keep twice: here it is a file, read when
 * the first query comes.
 * @returns {import('rolldown').Plugin}
 */
function queryCompiler() {
  return {
    name: 'query-compiler',
    load: {
      filter: { id: QUERY_COMPILER },
      async handler(id) {
        const text = /const wasm = "([\w+/=]+)"/.exec(await readFile(id, 'utf8'))?.[1];
        if (!text) throw new Error(`${basename(id)} is not written as it was: see tools/bundles/bundle.mjs`);
        const fileName = 'query-compiler.wasm';
        this.emitFile({ type: 'asset', fileName, source: Buffer.from(text, 'base64') });
        return `import { readFileSync } from 'node:fs';
          export const wasm = readFileSync(new URL('./${fileName}', import.meta.url));`;
      },
    },
  };
}

/** Somebody may start the program just now. @param {string} file @param {string | Uint8Array} content */
async function writeWhole(file, content) {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

/** @param {import('rolldown').RolldownLog} log */
function isExpected({ code }) {
  // Packages of others: circles among their files, `eval` where no bundler was meant.
  return code === 'CIRCULAR_DEPENDENCY' || code === 'EVAL';
}
