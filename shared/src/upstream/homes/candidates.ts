// The homes and keys to which a call may still be sent, in order: those that were tried, are shut or are full are left
// out. Asks all instances (by Redis) before it tries one that is shut. Not how an attempt goes.

import type { Home } from '../../catalogue/catalogue.ts';
import { healthKeys, type Health, type HealthKey } from './health.ts';
import type { CallsInFlight } from './calls-in-flight.ts';

/** Where an attempt goes. */
export interface Candidate {
  readonly home: Home;
  /** Name of the secret that holds its key, or of our own account at Google; null where it has none. */
  readonly secret: string | null;
  /** It is sent to find out whether what is shut is well again. */
  readonly probe: boolean;
}

/** What is asked beside the homes themselves. */
export interface CandidateRules {
  readonly health: Health;
  readonly inFlight: CallsInFlight;
  readonly model: string;
  readonly actor: string;
  readonly now: () => number;
  /** Whether this process may try what is shut. */
  readonly mayProbe: (key: HealthKey) => Promise<boolean>;
}

const noSecret: readonly (string | null)[] = [null];

/** One call's. */
export class Candidates {
  readonly #homes: readonly Home[];
  readonly #rules: CandidateRules;
  /** Made by the first failure: most calls meet none. */
  #triedHomes: Set<Home> | null = null;
  #triedSecrets: Set<string> | null = null;
  /** Groups of homes that can't read what the request holds of another's. */
  #unreadable: Set<string> | null = null;

  constructor(homes: readonly Home[], rules: CandidateRules) {
    this.#homes = homes;
    this.#rules = rules;
  }

  /** The next one; null: there is none. A promise where the fleet has to be asked. */
  next(): Candidate | null | Promise<Candidate | null> {
    if (!this.#rules.health.isWell()) return this.#nextOfShut();
    for (const home of this.#homes) {
      const secret = this.#isOut(home) ? undefined : this.#secretOf(home);
      if (secret !== undefined) return { home, secret, probe: false };
    }
    return this.#lastResort();
  }

  /** Something is shut somewhere. */
  async #nextOfShut(): Promise<Candidate | null> {
    for (const home of this.#homes) {
      if (this.#isOut(home)) continue;
      const secret = this.#secretOf(home);
      if (secret === undefined) continue;
      if (this.#isOpen(home)) return { home, secret, probe: false };
      if (await this.#mayTry(home)) return { home, secret, probe: true };
    }
    return this.#lastResort();
  }

  /** The home failed whichever key is used. */
  tried({ home }: Candidate): void {
    (this.#triedHomes ??= new Set()).add(home);
  }

  /** It failed with this key: another one of the same home may do. */
  triedKey({ home, secret }: Candidate): void {
    if (secret === null) (this.#triedHomes ??= new Set()).add(home);
    else (this.#triedSecrets ??= new Set()).add(healthKeys.key(home.row.id, secret));
  }

  /** Of a home that can't read a state, all others of its group can't either. */
  unreadable({ home }: Candidate): void {
    (this.#unreadable ??= new Set()).add(home.row.state);
  }

  /** Whether all that is left is full, and how long callers should wait for what is shut, in ms. */
  why(): { readonly full: boolean; readonly waitMs: number } {
    const { health, inFlight, now } = this.#rules;
    const nowMs = now();
    const waits = this.#homes.map((home) => Math.max(...this.#keysOf(home).map((key) => health.waitMs(key, nowMs))));
    return { full: this.#homes.some((home) => inFlight.isFull(home)), waitMs: Math.min(...waits) };
  }

  #isOut(home: Home): boolean {
    if (this.#triedHomes?.has(home) === true || this.#unreadable?.has(home.row.state) === true) return true;
    return this.#rules.inFlight.isFull(home);
  }

  #isOpen(home: Home): boolean {
    const { health, now } = this.#rules;
    return this.#keysOf(home).every((key) => health.passage(key, now()) === 'open');
  }

  /** What of a home can be shut, whatever key is used. */
  #keysOf({ row: { id } }: Home): readonly HealthKey[] {
    const { model, actor } = this.#rules;
    const key = healthKeys.model(id, model);
    return [healthKeys.home(id), key, healthKeys.ofActor(key, actor)];
  }

  /** The first key that is neither tried nor shut; undefined: there is none. */
  #secretOf(home: Home): string | null | undefined {
    const secrets = home.row.kind === 'none' ? noSecret : home.secrets;
    return secrets.find((secret) => {
      if (secret === null) return true;
      const key = healthKeys.key(home.row.id, secret);
      return this.#triedSecrets?.has(key) !== true && this.#rules.health.passage(key, this.#rules.now()) !== 'shut';
    });
  }

  /** Whether it may be tried: every shut entry of it must be due, and the fleet must agree. */
  async #mayTry(home: Home): Promise<boolean> {
    const { health, now, mayProbe } = this.#rules;
    const shut = this.#keysOf(home).filter((key) => health.passage(key, now()) !== 'open');
    if (shut.some((key) => health.passage(key, now()) === 'shut')) return false;
    const [first] = shut;
    if (first === undefined) return true;
    for (const key of shut) health.asked(key, now());
    if (!(await mayProbe(first))) return false;
    for (const key of shut) health.probing(key, now());
    return true;
  }

  /** Where only keys are shut one is tried all the same: it can't end worse than refusing the call. */
  #lastResort(): Candidate | null {
    for (const home of this.#homes) {
      if (this.#isOut(home) || this.#triedSecrets !== null) continue;
      if (!this.#isOpen(home)) continue;
      const [secret = null] = home.secrets;
      return { home, secret, probe: true };
    }
    return null;
  }
}
