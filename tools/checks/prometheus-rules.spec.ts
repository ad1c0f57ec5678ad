import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const rules = readFileSync(join(root, 'deploy/prometheus/rules.yml'), 'utf8');

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ['node_modules', 'dist', 'generated', 'test'].includes(entry.name) ? [] : sourcesBelow(path);
    return /(?<!\.spec|\.d)\.ts$/.test(entry.name) ? [readFileSync(path, 'utf8')] : [];
  });
}

/** Every metric that a source registers, with the series of its histograms. */
function seriesOf(sources: readonly string[]): Set<string> {
  const names = sources.flatMap((text) =>
    [...text.matchAll(/(?:name: |observe\(\s*|^\s*)['"`](dc_[a-z0-9_]+)['"`],/gm)].map(
      (match) => match[1] ?? '',
    ),
  );
  const histograms = sources.flatMap((text) =>
    [...text.matchAll(/new Histogram\(\{\s*name: ['"`](dc_[a-z0-9_]+)['"`]/g)].map((match) => match[1] ?? ''),
  );
  const plain = names.filter((name) => !histograms.includes(name));
  return new Set([
    ...plain,
    ...histograms.flatMap((name) => ['_bucket', '_sum', '_count'].map((suffix) => name + suffix)),
  ]);
}

const namedIn = (text: string): string[] => [...new Set(text.match(/\bdc_[a-z0-9_]+/g) ?? [])];
const unknownIn = (text: string, series: ReadonlySet<string>): string[] =>
  namedIn(text).filter((name) => !series.has(name));

const series = seriesOf(['apps', 'libs'].flatMap((kind) => sourcesBelow(join(root, kind))));

test('every metric that an alert names is registered somewhere', () => {
  expect(namedIn(rules).length).toBeGreaterThan(15);
  expect(unknownIn(rules, series)).toEqual([]);
});

test('the check finds a name that nobody registers, and a histogram without its suffix', () => {
  expect(unknownIn('expr: dc_outbox_unsent + dc_outbox_unsend', series)).toEqual(['dc_outbox_unsend']);
  expect(unknownIn('dc_bus_request_duration_seconds', series)).toEqual(['dc_bus_request_duration_seconds']);
});

test('every alert says what has happened and how urgent it is, under a name of its own', () => {
  const alerts = rules.split(/^ {6}- alert: /m).slice(1);
  for (const alert of alerts) {
    expect(alert).toMatch(/^ {8}labels: \{ severity: (critical|warning) \}$/m);
    expect(alert).toMatch(/^ {10}summary: \S/m);
  }
  const names = alerts.map((alert) => alert.split('\n')[0]);
  expect(new Set(names).size).toBe(names.length);
});
