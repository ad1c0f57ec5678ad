import { setTimeout as sleep } from 'node:timers/promises';
import { jitteredBackoffMs, upsAndDowns } from '@decent-cloud/kernel';
import { agentSubjects } from '@decent-cloud/messages/agents/protocol';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../log.ts';
import { Access, type AccessOptions, type Connected, noAccessText } from './access.ts';
import { PULL_SECONDS } from './command-pull.ts';
import { NotConnectedError } from './not-connected.ts';
import { renewalDelayMs } from './session.ts';

export interface LinkOptions extends AccessOptions {
  readonly logger: Logger;
  readonly random?: () => number;
}

export interface LinkStatus {
  readonly state: 'connected' | 'connecting' | 'stopped';
  readonly url?: string;
  readonly sessionExpiresAtNs?: string;
  readonly lastError?: string;
}

const PUBLISH_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 5_000;
/** Longer than a pull lasts. */
const RETIRE_MS = PULL_SECONDS * 1_000 + 1_000;
const LONGEST_BACKOFF_MS = 30_000;
const CLOCK_LOOK_MS = 2_000;

/**
 * The agent's connection to the platform: asks for a session, connects, renews in time, comes back for ever. Everything
 * that goes over it is told to repeat itself by those who keep it.
 */
export class Link {
  private readonly options: LinkOptions;
  private readonly random: () => number;
  private readonly stopping = new AbortController();
  private readonly upListeners: (() => void)[] = [];
  private readonly connectedListeners: ((connected: Connected) => void)[] = [];
  private readonly retired = new Set<NatsConnection>();
  private readonly access: Access;
  private current: Connected | undefined;
  private isUp = false;
  private lastError: string | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private clockLook: NodeJS.Timeout | undefined;
  private isAskingTime = false;
  private running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
    this.access = new Access(options);
  }

  /** Whenever the broker is reached, for the first time or again. */
  onUp(listener: () => void): void {
    this.upListeners.push(listener);
  }

  /** For every new connection; one that comes back by itself is the same. */
  onConnected(listener: (connected: Connected) => void): void {
    this.connectedListeners.push(listener);
  }

  start(): void {
    this.running = this.run();
    this.clockLook = setInterval(() => this.lookAtClock(), CLOCK_LOOK_MS);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the agent stops'));
    clearTimeout(this.renewal);
    clearInterval(this.clockLook);
    await Promise.all([...this.retired].map((connection) => connection.close()));
    await this.current?.connection.close();
    await this.running;
  }

  get connected(): boolean {
    return this.isUp;
  }

  /** The platform's time, as well as it is known. */
  platformNow(): bigint {
    return this.access.clock.now();
  }

  /** Has the platform said what time it is since this program began? */
  get knowsTime(): boolean {
    return this.access.clock.isKnown;
  }

  get heartbeatSeconds(): number | undefined {
    return this.access.session?.heartbeatSeconds;
  }

  status(): LinkStatus {
    const { session } = this.access;
    const url = this.isUp ? this.current?.connection.getServer() : undefined;
    return {
      state: this.stopping.signal.aborted ? 'stopped' : this.isUp ? 'connected' : 'connecting',
      ...(url !== undefined && { url }),
      ...(session && { sessionExpiresAtNs: session.expiresAtNs.toString() }),
      ...(this.lastError !== undefined && { lastError: this.lastError }),
    };
  }

  /** Returns when the broker has stored it. @throws when that is not known */
  async publishEvent(kind: string, text: string, eventId: string): Promise<void> {
    const { js, session } = this.mustBeUp();
    await js.publish(agentSubjects.event(session.accountPublicKey, kind), text, {
      msgID: eventId,
      timeout: PUBLISH_TIMEOUT_MS,
    });
  }

  /** Is this the connection over which new commands are pulled? */
  isCurrent(connected: Connected): boolean {
    return this.current === connected;
  }

  /** Tells the broker about a command, over whichever connection there is now. @throws NotConnectedError */
  settle(ackSubject: string, answer: string): void {
    this.mustBeUp().connection.publish(ackSubject, answer);
  }

  /** Returns when the broker has all that was sent. @throws NotConnectedError */
  async flush(): Promise<void> {
    await this.mustBeUp().connection.flush();
  }

  publishHeartbeat(text: string): void {
    const { connection, session } = this.mustBeUp();
    connection.publish(agentSubjects.heartbeat(session.accountPublicKey), text);
  }

  /** @throws when nobody answers */
  async request(method: string, text: string): Promise<string> {
    const { connection, session } = this.mustBeUp();
    const reply = await connection.request(agentSubjects.rpc(session.accountPublicKey, method), text, {
      timeout: REQUEST_TIMEOUT_MS,
    });
    return reply.string();
  }

  private mustBeUp(): Connected {
    if (this.current && this.isUp) return this.current;
    throw new NotConnectedError('not connected to the platform');
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        this.adopt(await this.access.connect(signal));
        failures = 0;
        await this.untilLost();
      } catch (error) {
        if (!signal.aborted) this.note(error);
      }
      this.isUp = false;
      this.current = undefined;
      clearTimeout(this.renewal);
      if (signal.aborted) break;
      const waitMs = 250 + jitteredBackoffMs(failures, this.random, 500, LONGEST_BACKOFF_MS);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A clock that was set, or a host that has slept: the platform is asked for its time, by a new session. */
  private lookAtClock(): void {
    const connected = this.current;
    if (!connected || !this.isUp || this.isAskingTime || !this.access.clock.hasParted()) return;
    this.isAskingTime = true;
    this.options.logger.warn(
      'the clock of this host was set, or the host has slept: asking for a new session',
    );
    clearTimeout(this.renewal);
    this.renew(connected)
      .catch((error: unknown) => {
        this.note(error);
        if (this.current === connected) this.planRenewal(connected, 1);
      })
      .finally(() => {
        this.isAskingTime = false;
      });
  }

  private adopt(connected: Connected): void {
    const { connection } = connected;
    if (this.stopping.signal.aborted) {
      void connection.close();
      return;
    }
    this.current = connected;
    this.up();
    void this.watch(connected);
    this.planRenewal(connected);
    for (const listener of this.connectedListeners) listener(connected);
  }

  private async watch(connected: Connected): Promise<void> {
    const { connection } = connected;
    const changeBy = upsAndDowns();
    for await (const status of connection.status()) {
      const change = changeBy(status);
      if (this.current !== connected) {
        // It has been replaced: that it is cut is no loss, and it must not come back.
        if (status.type === 'disconnect') void connection.close();
      } else if (change === 'down') {
        this.isUp = false;
        this.options.logger.warn('connection to the broker lost');
      } else if (change === 'up') this.up();
    }
  }

  /** Until the connection of that moment is closed for good. */
  private async untilLost(): Promise<void> {
    for (;;) {
      const connected = this.current;
      const fault = await connected?.connection.closed();
      if (this.current !== connected) continue;
      if (fault) throw fault;
      return;
    }
  }

  private up(): void {
    this.isUp = true;
    this.lastError = undefined;
    this.options.logger.info({ url: this.current?.connection.getServer() }, 'connected to the broker');
    for (const listener of this.upListeners) listener();
  }

  private planRenewal(connected: Connected, failures = 0): void {
    const delayMs =
      failures === 0
        ? renewalDelayMs(connected.session, this.random)
        : 1_000 + jitteredBackoffMs(failures, this.random, 500, LONGEST_BACKOFF_MS);
    this.renewal = setTimeout(() => {
      this.renew(connected).catch((error: unknown) => {
        this.note(error);
        if (this.current === connected) this.planRenewal(connected, failures + 1);
      });
    }, delayMs);
  }

  /**
   * The next connection is there before the last one ends. The last one stays until what the broker may still give it
   * has come: a pull that nobody listens to would swallow commands.
   */
  private async renew(connected: Connected): Promise<void> {
    const { signal } = this.stopping;
    await this.access.renew(signal);
    const next = await this.access.connect(signal);
    if (this.current !== connected) {
      await next.connection.close();
      return;
    }
    this.adopt(next);
    this.options.logger.debug('session renewed');
    this.retire(connected.connection);
  }

  private retire(connection: NatsConnection): void {
    const timer = setTimeout(() => void connection.close(), RETIRE_MS);
    this.retired.add(connection);
    void connection.closed().then(() => {
      clearTimeout(timer);
      this.retired.delete(connection);
    });
  }

  private note(error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (fault !== this.lastError) {
      const { level, text } = noAccessText(error);
      this.options.logger[level]({ error }, text);
    }
    this.lastError = fault;
  }
}
