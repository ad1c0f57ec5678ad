import { createSocket } from 'node:dgram';
import { createServer, isIP } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Advice } from '../install/install.mjs';
import { readJsonFile, writeJsonFile } from '../json-file.mjs';

// Asked before anything is installed: only the platform's own modules here.

/** Ports that people choose, with the variable that changes them. */
const GATEWAY_PORT = 59_011;
const LOOPBACK = '127.0.0.1';
const EVERY_ADDRESS = '0.0.0.0';

/** Below those that systems give to connections and to whoever asks for any port: nobody gets one of these by chance. */
const OWN_PORTS = { first: 10_000, count: 10_000 };
/** `fetch` refuses it, in Node as in browsers: nobody could ask what listens there whether it is ready. */
const REFUSED_BY_FETCH = 10_080;
const MAX_TRIES = 200;
/** Another program may have such a UDP port for a moment, by chance. */
const CLAIM_TRIES = 5;
const CLAIM_WAIT_MS = 200;

/** Ports claimed by this process, with what holds the claim. @type {Map<number, import('node:dgram').Socket>} */
const claims = new Map();

/**
 * Claims a port against other platforms that choose theirs in this moment: who uses it binds it seconds later. The claim
 * is the UDP port of the same number, which nobody needs and which is let go with this process, however it ends.
 * @param {number} port @returns {Promise<boolean>}
 */
function claim(port) {
  if (claims.has(port)) return Promise.resolve(true);
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.once('error', () => done(false));
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => {
      claims.set(port, socket.unref());
      done(true);
    });
  });
}

/** @param {number} port */
async function claimPatiently(port) {
  for (let tries = 0; tries < CLAIM_TRIES; tries++) {
    if (await claim(port)) return true;
    await sleep(CLAIM_WAIT_MS);
  }
  return false;
}

/** @param {number} before the one of last time, or 0 @param {Set<number>} taken */
async function claimFree(before, taken) {
  let port = before;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const isUsable = port > 0 && port !== REFUSED_BY_FETCH && !taken.has(port);
    if (isUsable && (await claim(port)) && (await isFree(port, LOOPBACK))) return port;
    port = OWN_PORTS.first + Math.floor(Math.random() * OWN_PORTS.count);
  }
  const last = OWN_PORTS.first + OWN_PORTS.count - 1;
  throw new Advice(
    `No port from ${OWN_PORTS.first} to ${last} is free: end some of the programs that use them.`,
  );
}

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

/** The address at which people reach the gateways: this machine's own, unless HOST says otherwise. */
export function gatewayHost() {
  const text = process.env.HOST ?? '';
  if (text === '' || text === 'localhost') return LOOPBACK;
  if (isIP(text) === 0) {
    throw new Advice(
      `HOST is "${text}": give an address of this machine, such as ${LOOPBACK} (only from here) or ${EVERY_ADDRESS} (from everywhere), or unset it.`,
    );
  }
  return text;
}

/** @param {string} host */
export const isLoopback = (host) => host.startsWith('127.') || host === '::1';

/** The ports of this many gateways, as asked for; free, or advice. @param {number} count @returns {Promise<number[]>} */
export async function gatewayPorts(count) {
  const first = wanted('API_SERVER_PORT', GATEWAY_PORT);
  const hosts = [EVERY_ADDRESS, LOOPBACK, gatewayHost()];
  const ports = Array.from({ length: count }, (_, index) => first + index);
  for (const port of ports) {
    const free = [];
    for (const host of hosts) free.push(await isFree(port, host));
    if (free.every(Boolean)) continue;
    throw new Advice(
      `Port ${port} is taken by another program (see: ss -ltnp | grep ${port}).\n` +
        `End that program, or choose another port: API_SERVER_PORT=${port + 1000} npm start`,
    );
  }
  return ports;
}

/**
 * The ports of this run: the gateways' as asked for, the others as last time where they are still free.
 * @param {string} dataDir @param {string[]} names @param {number} gateways
 * @returns {Promise<{ gateways: number[], others: Record<string, number> }>}
 */
export async function choosePorts(dataDir, names, gateways) {
  const ofGateways = await gatewayPorts(gateways);
  for (const port of ofGateways) {
    if (await claimPatiently(port)) continue;
    throw new Advice(
      `Another platform that starts in this moment takes port ${port}.\n` +
        `Stop that one, or choose another port: API_SERVER_PORT=${port + 1000} npm start`,
    );
  }
  const file = join(dataDir, 'ports.json');
  /** @type {Record<string, number>} */
  const before = await readJsonFile(file, {});
  /** @type {Record<string, number>} */
  const others = {};
  const taken = new Set(ofGateways);
  for (const name of names) {
    const asked =
      name === 'postgres' ? wanted('DATABASE_PORT', 0) : name === 'nats' ? wanted('NATS_PORT', 0) : 0;
    if (asked && !(await isFree(asked, LOOPBACK))) {
      const variable = name === 'postgres' ? 'DATABASE_PORT' : 'NATS_PORT';
      throw new Advice(
        `Port ${asked} (${variable}) is taken by another program. Choose another one or unset ${variable}.`,
      );
    }
    const port = asked || (await claimFree(before[name] ?? 0, taken));
    taken.add(port);
    others[name] = port;
  }
  const written = {
    ...others,
    ...Object.fromEntries(ofGateways.map((port, index) => [`gateway-http-${index + 1}`, port])),
  };
  await writeJsonFile(file, written);
  return { gateways: ofGateways, others };
}
