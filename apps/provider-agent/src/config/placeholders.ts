const PLACEHOLDERS = [
  'YOUR-PROXMOX-HOST',
  'REPLACE-WITH-YOUR',
  'YOUR_TOKEN',
  'CHANGEME',
  'YOUR-API',
  'EXAMPLE.COM',
] as const;

/** Every value that was copied from a template and never filled in, by its key. Values are not repeated: some are secret. */
export function findPlaceholders(value: unknown, path = ''): string[] {
  if (typeof value === 'string') {
    const found = PLACEHOLDERS.find((placeholder) => value.toUpperCase().includes(placeholder));
    return found ? [`${path} still holds the placeholder ${found}`] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    findPlaceholders(member, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name),
  );
}
