/**
 * Every service of the platform, in the order in which people read them. `database` services get a role and a database
 * of their own name. Their program is `apps/<name>/bundle/main.js`.
 */
export const services = [
  { name: 'accounts', database: true },
  { name: 'offerings', database: true },
  { name: 'contracts', database: true },
  { name: 'payments', database: true },
  { name: 'notifications', database: true },
  { name: 'agents', database: true },
  { name: 'gateway', database: false },
];

export const databaseNames = services.filter((service) => service.database).map((service) => service.name);
