import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Advice, ROOT } from '../install/install.mjs';
import { Child } from './child.mjs';

const READY_DEADLINE_MS = 60_000;
/** So often it has not come by a passing fault. */
const DEATHS_BEFORE_READY = 4;

/** For tests that end parts on purpose: always this wait instead of ever longer ones. */
const RESTART_SECONDS = Number(process.env.DC_RESTART_SECONDS ?? 0) || 0;

/** The programs of a running platform: started, waited for and ended. */
export class StackChildren {
  /** In the order of starting. @type {Child[]} */
  all = [];

  /** @param {import('./run.mjs').StackRun} run */
  constructor(run) {
    this.run = run;
  }

  /** @param {string} name @param {string} command @param {string[]} args @param {Record<string, string>} env */
  add(name, command, args, env) {
    if (this.run.stopping) throw new Advice('stopped while starting');
    const child = new Child({
      name,
      command,
      args,
      env: { ...inherited(), ...env },
      cwd: ROOT,
      logFolder: this.run.logFolder,
      say: this.run.say,
      ...(RESTART_SECONDS > 0 ? { backOffSeconds: [RESTART_SECONDS] } : {}),
    });
    this.all.push(child);
    child.start();
    return child;
  }

  /** @param {Child} child @param {number | undefined} port */
  async waitReady(child, port) {
    // What the demo asks for has no such door.
    if (port === undefined) return;
    const started = performance.now();
    const until = started + READY_DEADLINE_MS;
    let answer = 'it does not answer';
    while (performance.now() < until && child.deaths < DEATHS_BEFORE_READY && !this.run.stopping) {
      try {
        const reply = await fetch(`http://127.0.0.1:${port}/health/ready`, {
          signal: AbortSignal.timeout(3_000),
        });
        answer = await reply.text();
        if (reply.ok && isFrom(child, answer)) return;
      } catch (error) {
        answer = /** @type {any} */ (error).cause?.message ?? String(error);
      }
      await sleep(50);
    }
    if (this.run.stopping) return;
    const seconds = Math.round((performance.now() - started) / 1_000);
    const died = child.deaths > 0 ? `, it died ${child.deaths} times` : '';
    throw new Advice(
      `${child.name} is not ready after ${seconds} s${died}: ${answer}\nIts log, ${join(this.run.logFolder, `${child.name}.log`)}, ends with:\n` +
        `${child.lastLines.slice(-12).join('\n')}`,
    );
  }

  /** What runs now, and how to know it again. */
  get running() {
    return this.all
      .filter((child) => child.pid > 0)
      .map((child) => ({
        name: child.name,
        pid: child.pid,
        match: child.options.args.at(-1) ?? child.options.command,
      }));
  }

  /** What was started last ends first, what all others need ends last. */
  async stop() {
    const last = (/** @type {Child} */ child) => ['nats', 'mail-catcher'].includes(child.name);
    const gateways = this.all.filter((child) => child.name.startsWith('gateway'));
    const others = this.all.filter((child) => !gateways.includes(child) && !last(child));
    for (const group of [gateways, others.reverse(), this.all.filter(last)]) {
      await Promise.all(group.map((child) => child.stop()));
    }
  }
}

/** What every child may see of our own environment: not npm's variables, nothing that would change another's database, no token of the zone. */
export function inherited() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|DATABASE_URL$|NATS_|SERVICE_KEYS$|CF_|NODE_OPTIONS$|OPS_PORT$|PORT$)/.test(name),
    ),
  );
}

/**
 * A child that cannot have its port must not pass for ready because another program answers there.
 * @param {Child} child @param {string} answer
 */
function isFrom(child, answer) {
  return child.pid > 0 && JSON.parse(answer).pid === child.pid;
}
