/** One line of measured figures on the error output of a spec: what was asserted may be read, and is not vacuous. */
export function printFigures(of: string, figures: Readonly<Record<string, number | string>>): void {
  const told = Object.entries(figures).map(([name, value]) => {
    const isFraction = typeof value === 'number' && !Number.isInteger(value);
    return `${name} ${isFraction ? value.toFixed(1) : value}`;
  });
  process.stderr.write(`    ${of}: ${told.join(', ')}\n`);
}
