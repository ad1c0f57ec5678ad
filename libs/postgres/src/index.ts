export * from './database.ts';
export * from './held.ts';
export * from './migrate.ts';
export * from './row.ts';
export * from './statement.ts';
