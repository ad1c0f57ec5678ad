import { createServer } from 'node:net';
import { join } from 'node:path';
import { Advice } from './install.mjs';
import { readJsonFile, writeJsonFile } from './json-file.mjs';
import { freePort } from './postgres.mjs';

/** Ports that people choose, with the variable that changes them. */
const GATEWAY_PORT = 59_011;

/** @param {number} port @param {string} host @returns {Promise<boolean>} */
function isFree(port, host) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

/** @param {string} variable @param {number} fallback */
function wanted(variable, fallback) {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Advice(`${variable} is "${text}": give a port between 1 and 65535.`);
  }
  return port;
}

/**
 * The ports of this run: the gateways' as asked for, the others as last time where they are still free.
 * @param {string} dataDir @param {string[]} names @param {number} gateways
 * @returns {Promise<{ gateways: number[], others: Record<string, number> }>}
 */
export async function choosePorts(dataDir, names, gateways) {
  const first = wanted('API_SERVER_PORT', GATEWAY_PORT);
  const gatewayPorts = Array.from({ length: gateways }, (_, index) => first + index);
  for (const port of gatewayPorts) {
    if (!(await isFree(port, '0.0.0.0')) || !(await isFree(port, '127.0.0.1'))) {
      throw new Advice(
        `Port ${port} is taken by another program (see: ss -ltnp | grep ${port}).\n` +
          `End that program, or choose another port: API_SERVER_PORT=${port + 1000} npm start`,
      );
    }
  }
  const file = join(dataDir, 'ports.json');
  /** @type {Record<string, number>} */
  const before = await readJsonFile(file, {});
  /** @type {Record<string, number>} */
  const others = {};
  const taken = new Set(gatewayPorts);
  for (const name of names) {
    const asked =
      name === 'postgres' ? wanted('DATABASE_PORT', 0) : name === 'nats' ? wanted('NATS_PORT', 0) : 0;
    if (asked && !(await isFree(asked, '127.0.0.1'))) {
      const variable = name === 'postgres' ? 'DATABASE_PORT' : 'NATS_PORT';
      throw new Advice(
        `Port ${asked} (${variable}) is taken by another program. Choose another one or unset ${variable}.`,
      );
    }
    let port = asked || before[name] || 0;
    while (!port || taken.has(port) || !(await isFree(port, '127.0.0.1'))) port = await freePort();
    taken.add(port);
    others[name] = port;
  }
  const written = {
    ...others,
    ...Object.fromEntries(gatewayPorts.map((port, index) => [`gateway-http-${index + 1}`, port])),
  };
  await writeJsonFile(file, written);
  return { gateways: gatewayPorts, others };
}
