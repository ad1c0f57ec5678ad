/** `berlin-53f2d31f`: what is left of the name in lower case, and eight hex characters of the operation that makes it. */
export function poolIdOf(name: string, operationId: string): string {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '');
  return `${plain || 'pool'}-${operationId.replaceAll('-', '').slice(-8)}`;
}
