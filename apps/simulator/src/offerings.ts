import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { type FactPayload, facts, requests } from '@decent-cloud/messages';
import type { Offering } from '../../offerings/src/offering/domain/offering.ts';
import type { HoldTerms, KnownHold } from '../../offerings/src/stock/domain/hold.ts';
import { Table, type Transaction } from './database.ts';
import { answering, type Flows, modelledReactions } from './flows.ts';
import { awaited, type Process } from './kernel.ts';
import type { Rules } from './rules.ts';
import { Service, type Surroundings } from './service.ts';

interface HoldInput {
  readonly holdId: string;
  readonly offeringDbId: bigint;
  readonly renterPublicKey: string;
  readonly durationHours: number;
  readonly untilNs: bigint;
}
interface HoldRow extends KnownHold {
  readonly holdId: string;
  readonly untilNs: bigint;
  readonly terms: HoldTerms | undefined;
}

const DROP_EVERY_SECONDS = 30;
const ASK_AGAIN_NS = NS_PER_HOUR;

export interface OfferingsMutations {
  readonly releasesNoStock: boolean;
}

/** Stock: units are held before a contract exists and given back when it has ended, or never came to be. */
export class Offerings extends Service {
  readonly offerings = new Table<bigint, Offering>();
  readonly holds = new Table<string, HoldRow>();
  readonly autoAccepting = new Set<string>();
  /** Told of every unit that is taken. */
  onHeld: (hold: HoldInput, terms: HoldTerms) => void = () => undefined;
  /** Told of every unit that goes back. */
  onReleased: (holdId: string) => void = () => undefined;

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly rules: Rules['offerings'],
    private readonly mutant: OfferingsMutations,
  ) {
    super('offerings', skewUs, around);
    this.readFacts('offerings');
  }

  protected flows(): Flows {
    return {
      verbs: this.answers(
        answering(requests.quoteRental, (body) => this.quoteRental(body)),
        answering(requests.holdStock, (body) => this.holdStock(body)),
        answering(requests.releaseStock, (body) => this.releaseStock(body)),
      ),
      reactions: modelledReactions(
        new Map([
          [
            facts.contractEnded.subject,
            ({ contractId, holdId }: FactPayload<typeof facts.contractEnded>, tx: Transaction) => {
              this.release(tx, holdId);
              tx.say({ declaration: facts.stockReleased, payload: { contractId, holdId, atNs: tx.now } });
            },
          ],
        ]),
      ),
      sweeps: [
        { name: 'drop-old-holds', everySeconds: DROP_EVERY_SECONDS, sweep: () => this.dropOldHolds() },
      ],
    };
  }

  heldUnits(offeringDbId: bigint): number {
    let held = 0;
    for (const hold of this.holds.values()) {
      if (hold.offeringDbId === offeringDbId && !hold.isReleased) held++;
    }
    return held;
  }

  *quoteRental(input: Omit<HoldInput, 'untilNs'>): Process<HoldTerms> {
    yield this.around.kernel.random.int(200, 2_000);
    const { holdId, offeringDbId, renterPublicKey, durationHours } = input;
    const known = this.holds.get(holdId);
    if (!known) return this.termsOf(offeringDbId, durationHours);
    this.rules.assertSameHold(known, offeringDbId, renterPublicKey);
    return known.terms as HoldTerms;
  }

  private termsOf(offeringDbId: bigint, durationHours: number): HoldTerms {
    const { rules } = this;
    const offering = this.offerings.get(offeringDbId);
    if (!offering || !rules.maySee(offering, false)) throw new Error(`no offering ${offeringDbId}`);
    rules.assertRentable(offering, durationHours, this.heldUnits(offeringDbId), 'unknown');
    return requests.holdStock.answer.parse(
      rules.termsOf(offering, this.autoAccepting.has(offering.offeringId)),
    );
  }

  *holdStock(input: HoldInput): Process<HoldTerms> {
    return yield* this.transaction((tx) => {
      const { rules } = this;
      const { holdId, offeringDbId, renterPublicKey, durationHours, untilNs } = input;
      const known = this.holds.get(holdId);
      if (known) {
        rules.assertSameHold(known, offeringDbId, renterPublicKey);
        if (known.untilNs < untilNs) tx.put(this.holds, holdId, { ...known, untilNs });
        return known.terms as HoldTerms;
      }
      const terms = this.termsOf(offeringDbId, durationHours);
      this.onHeld(input, terms);
      tx.put(this.holds, holdId, {
        holdId,
        offeringDbId,
        tenantPublicKey: renterPublicKey,
        isReleased: false,
        untilNs,
        terms,
      });
      return terms;
    });
  }

  releaseStock({ holdId }: { holdId: string }): Process<{ released: boolean }> {
    return this.transaction((tx) => ({ released: this.release(tx, holdId) }));
  }

  /** Also ahead of a hold that is still under way. */
  private release(tx: Transaction, holdId: string): boolean {
    const known = this.holds.get(holdId);
    if (known?.isReleased || this.mutant.releasesNoStock) return false;
    const released = known ?? {
      holdId,
      offeringDbId: null,
      renterPublicKey: null,
      untilNs: tx.now,
      terms: undefined,
    };
    tx.put(this.holds, holdId, { ...released, isReleased: true });
    this.onReleased(holdId);
    return known !== undefined;
  }

  private *dropOldHolds(): Process {
    const { now } = this;
    const due = [...this.holds.values()].filter((hold) => !hold.isReleased && hold.untilNs < now);
    if (due.length === 0) return;
    const holdIds = due.map(({ holdId }) => holdId);
    const { living } = yield* awaited(this.bus.ask(requests.livingHolds, { body: { holdIds } }));
    const alive = new Set(living);
    yield* this.transaction((tx) => {
      for (const holdId of holdIds) {
        const hold = this.holds.get(holdId);
        // Prolonged meanwhile.
        if (!hold || hold.isReleased || hold.untilNs >= now) continue;
        const change = alive.has(holdId) ? { untilNs: now + ASK_AGAIN_NS } : { isReleased: true };
        tx.put(this.holds, holdId, { ...hold, ...change });
        if (!alive.has(holdId)) this.onReleased(holdId);
      }
    });
  }
}
