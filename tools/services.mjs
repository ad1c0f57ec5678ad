// From its source: `npm start` asks before anything is built. When it runs, so that an older Node can say what it needs.
const { innerServiceNames } = await import('../libs/messages/src/services.ts');

export { innerServiceNames };

/**
 * Every service of the platform, in the order in which they are started. `database` services get a role and a database of
 * their own name. Their program is `apps/<name>/bundle/main.js`.
 * @type {{ name: string, database: boolean }[]}
 */
export const services = [
  ...innerServiceNames.map((name) => ({ name, database: true })),
  { name: 'gateway', database: false },
];
