import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';

/** What the build writes beside the sources. */
const BUILT = ['dist', 'bundle'];

/**
 * @typedef {{ specifier: string | undefined, typeOnly: boolean }} Used
 * @typedef {{ imports: Used[], texts: string[], calls: string[] }} Parsed `texts`: string and template literals, with a
 * space in place of what is put in; `calls`: names of the methods that are called.
 */

/** @param {string} text @param {string} file @returns {Parsed} */
export function parseSource(text, file) {
  const module = parseSync(text, {
    syntax: 'typescript',
    decorators: true,
    tsx: /\.tsx$/.test(file),
    target: 'es2022',
  });
  /** @type {Parsed} */
  const found = { imports: [], texts: [], calls: [] };
  const visit = (/** @type {any} */ node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== 'object') return;
    const used = importIn(node);
    if (used) found.imports.push(used);
    if (node.type === 'StringLiteral') found.texts.push(node.value);
    if (node.type === 'TemplateLiteral' && node.quasis) {
      found.texts.push(node.quasis.map((/** @type {any} */ part) => part.cooked ?? part.raw).join(' '));
    }
    if (node.type === 'CallExpression') found.calls.push(methodOf(node.callee));
    if (node.type === 'TaggedTemplateExpression') found.calls.push(methodOf(node.tag));
    for (const value of Object.values(node)) visit(value);
  };
  visit(module.body);
  return found;
}

/** Every module that a source names: imports, re-exports, import(), require(), import types. @param {string} text @param {string} file @returns {Used[]} */
export const importsOf = (text, file) => parseSource(text, file).imports;

/** @param {any} node @returns {Used | undefined} */
function importIn(node) {
  if (/^(Import|ExportNamed|ExportAll)(Declaration)?$/.test(node.type ?? '') && node.source) {
    return { specifier: node.source.value, typeOnly: node.typeOnly === true };
  }
  if (node.type === 'TsImportType') return { specifier: literal(node.argument), typeOnly: true };
  if (node.type === 'TsExternalModuleReference') {
    return { specifier: literal(node.expression), typeOnly: false };
  }
  if (node.type !== 'CallExpression') return undefined;
  const isRequire = node.callee.type === 'Identifier' && node.callee.value === 'require';
  if (node.callee.type !== 'Import' && !isRequire) return undefined;
  return { specifier: literal(node.arguments[0]?.expression), typeOnly: false };
}

/** @param {any} node @returns {string | undefined} */
function literal(node) {
  if (node?.type === 'StringLiteral') return node.value;
  return node?.type === 'TemplateLiteral' && node.quasis.length === 1 ? node.quasis[0].cooked : undefined;
}

/** The name after the last dot; '' when it is no method. @param {any} callee @returns {string} */
function methodOf(callee) {
  const member = callee.type === 'OptionalChainingExpression' ? callee.base : callee;
  if (member.type !== 'MemberExpression') return '';
  const { property } = member;
  return property.type === 'Computed' ? (literal(property.expression) ?? '') : (property.value ?? '');
}

/** @param {string} text @param {(line: string) => boolean} matches @returns {number} of the first line that does; 1 when none does */
export const lineWhere = (text, matches) => Math.max(text.split('\n').findIndex(matches), 0) + 1;

/** @param {string} folder @returns {string[]} folders in it that have more than build output */
export function foldersIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && readdirSync(join(folder, entry.name)).some((name) => !BUILT.includes(name)),
    )
    .map((entry) => entry.name);
}

/** Sources at any depth, without what is generated. @param {string} folder @returns {string[]} */
export function sourcesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return ['node_modules', 'generated', ...BUILT].includes(entry.name) ? [] : sourcesIn(path);
    }
    return /\.(tsx?|m?js)$/.test(entry.name) && !/\.d\.ts$/.test(entry.name) ? [path] : [];
  });
}
