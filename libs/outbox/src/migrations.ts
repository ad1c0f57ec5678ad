import { fileURLToPath } from 'node:url';

/** Folder of the migrations that make the messaging tables; every service applies them before its own. */
export const messagingMigrationsDir = fileURLToPath(new URL('../migrations', import.meta.url));
