// Budgets once more, in plain memory: what plain-limiter.ts holds calls in and charges them to. For tests alone.

/** As stated with a call. Amounts in nano-dollars, times in ms. */
export interface ModelBudget {
  readonly scope: string;
  readonly limit: number;
  readonly overshoot: number;
  readonly hard: boolean;
  readonly windows: readonly { readonly name: string; readonly start: number; readonly end: number | null }[];
}

/** The money of one call: the subscription's budget, then the feature's. */
export interface ModelMoney {
  readonly worst: number;
  readonly expected: number;
  readonly input: number;
  readonly renewal: number;
  readonly budgets: readonly [ModelBudget | null, ModelBudget | null];
}

export interface Tally {
  used: number;
  reserved: number;
  risk: number;
  /** 0: never. */
  end: number;
  limit: number;
  percent: number;
  refused: number;
}

/** What one window holds for a call. */
export interface Hold {
  readonly window: string;
  readonly end: number;
  readonly held: number;
  readonly risk: number;
}

/** What one window kept of a call. */
export interface Kept {
  readonly window: string;
  readonly nano: number;
}

/** A refusal by a budget. */
export interface Refusing {
  readonly cause: 'budget-used-up' | 'budget-too-dear' | 'budget-held';
  readonly place: number;
  readonly budget: ModelBudget;
  readonly window: string;
  readonly tally: Tally;
}

export const keepMs = 40 * 86_400_000;
const graver = ['budget-held', 'budget-too-dear', 'budget-used-up'];
const noTally: Tally = { used: 0, reserved: 0, risk: 0, end: 0, limit: 0, percent: 0, refused: 0 };

/** By `<scope> <actor>`: the windows, and when all are forgotten (null: never). */
export class PlainBudgets {
  readonly byKey = new Map<string, { expiry: number | null; windows: Map<string, Tally> }>();

  advance(now: number): void {
    for (const [key, { expiry }] of this.byKey) if (expiry !== null && expiry <= now) this.byKey.delete(key);
  }

  private read(key: string, window: string, end: number): Tally {
    return { ...(this.byKey.get(key)?.windows.get(window) ?? { ...noTally, end }) };
  }

  private write(now: number, key: string, window: string, tally: Tally): void {
    const budget = this.byKey.get(key) ?? { expiry: null, windows: new Map<string, Tally>() };
    this.byKey.set(key, budget);
    const opens = !budget.windows.has(window);
    budget.windows.set(window, tally);
    if (!opens) return;
    for (const [name, { end }] of budget.windows) if (end !== 0 && end + keepMs <= now) budget.windows.delete(name);
    if (budget.windows.size === 0) this.byKey.delete(key);
    const ends = [...budget.windows.values()].map(({ end }) => end);
    budget.expiry = ends.includes(0) ? null : Math.max(...ends) + keepMs;
  }

  /** What each window would hold, or which refuses. */
  weigh(now: number, actor: string, money: ModelMoney): { holds: (Hold | null)[]; refusing: Refusing | null } {
    let refusing: Refusing | null = null;
    const holds = money.budgets.map((budget, i): Hold | null => {
      if (budget === null) return null;
      const chosen = budget.windows.findLast(({ start }) => start <= now) ?? budget.windows[0];
      const [window, end] = [chosen?.name ?? '', chosen?.end ?? 0];
      const tally = this.read(`${budget.scope} ${actor}`, window, end);
      const mayRisk = money.worst - money.expected;
      const light = budget.overshoot > 0 && tally.risk + mayRisk <= budget.overshoot;
      const held = light ? money.expected : money.worst;
      const settled = tally.used - tally.reserved;
      const least = mayRisk <= budget.overshoot ? money.expected : money.worst;
      const cause =
        settled >= budget.limit
          ? 'budget-used-up'
          : settled + least > budget.limit
            ? 'budget-too-dear'
            : tally.used + held > budget.limit
              ? 'budget-held'
              : null;
      if (cause !== null && budget.hard && graver.indexOf(cause) > graver.indexOf(refusing?.cause ?? ''))
        refusing = { cause, place: i + 1, budget, window, tally };
      return { window, end: tally.end, held, risk: light ? mayRisk : 0 };
    });
    return { holds, refusing };
  }

  hold(now: number, actor: string, money: ModelMoney, holds: readonly (Hold | null)[]): void {
    for (const [i, hold] of holds.entries()) {
      if (hold === null) continue;
      const key = `${money.budgets[i]?.scope ?? ''} ${actor}`;
      const tally = this.read(key, hold.window, hold.end);
      tally.used += hold.held;
      tally.reserved += hold.held;
      tally.risk += hold.risk;
      this.write(now, key, hold.window, tally);
    }
  }

  /** @returns whether it is the window's first refusal by this limit */
  refuse(now: number, actor: string, { budget, window, tally }: Refusing): boolean {
    const told = tally.limit === budget.limit ? tally : { ...tally, limit: budget.limit, percent: 0, refused: 0 };
    if (told.refused === 1) return false;
    this.write(now, `${budget.scope} ${actor}`, window, { ...told, refused: 1 });
    return true;
  }

  /**
   * @param by what it costs, of which `counted` is counted already
   * @param limit that a notice is due for; null for none
   * @returns what was kept, and the percent that were reached for the first time
   */
  charge(
    now: number,
    key: string,
    { window, end, held, risk }: Hold,
    by: number,
    counted: number,
    limit: number | null,
    thresholds: readonly number[],
  ): { kept: number; notice: { percent: number; settled: number } | null } {
    const known = this.byKey.get(key)?.windows.has(window) ?? false;
    const tally = this.read(key, window, end);
    if (tally.end !== 0 && tally.end + keepMs <= now) {
      const budget = this.byKey.get(key);
      budget?.windows.delete(window);
      if (budget?.windows.size === 0) this.byKey.delete(key);
      return { kept: 0, notice: null };
    }
    if (known) {
      tally.used -= counted;
      tally.reserved = Math.max(0, tally.reserved - held);
      tally.risk = Math.max(0, tally.risk - risk);
    }
    tally.used += by;
    const settled = tally.used - tally.reserved;
    const isOpen = tally.end === 0 || now < tally.end;
    const percent = Math.max(0, ...thresholds.filter((one) => limit !== null && settled * 100 >= one * limit));
    const isNews = limit !== null && isOpen && percent > 0 && (tally.limit !== limit || percent > tally.percent);
    if (isNews) Object.assign(tally, { refused: tally.limit === limit ? tally.refused : 0, limit, percent });
    this.write(now, key, window, tally);
    return { kept: by, notice: isNews ? { percent, settled } : null };
  }

  /** The end of a call in both windows. */
  spend(
    now: number,
    actor: string,
    money: ModelMoney | null,
    { open, swept, known }: Found,
    nano: number | null,
    thresholds: readonly number[],
  ): {
    spent: (Kept | null)[];
    above: number;
    told: { place: number; window: string; settled: number; t: string; l: string; u: string }[];
  } {
    let above = 0;
    const told: { place: number; window: string; settled: number; t: string; l: string; u: string }[] = [];
    const spent = [0, 1].map((i): Kept | null => {
      const budget = money?.budgets[i] ?? null;
      const end = known[i]?.end ?? 0;
      const window = open !== null ? open[i]?.window : swept !== null ? swept[i]?.window : known[i]?.window;
      if (budget === null || window === undefined) return null;
      const hold = open?.[i] ?? { window, end, held: 0, risk: 0 };
      const counted = open === null ? (swept?.[i]?.nano ?? 0) : hold.held;
      const most = hold.held + hold.risk;
      const by = nano ?? (swept === null ? most : counted);
      if (open !== null) above = Math.max(above, by - most);
      if (open === null && by === counted) return { window, nano: counted };
      const key = `${budget.scope} ${actor}`;
      const limit = thresholds.length === 0 ? null : budget.limit;
      const { kept, notice } = this.charge(now, key, hold, by, counted, limit, thresholds);
      if (notice !== null) {
        const ends = this.byKey.get(key)?.windows.get(window)?.end ?? 0;
        const texts = { t: String(notice.percent), l: String(budget.limit), u: String(ends) };
        told.push({ place: i + 1, window, settled: notice.settled, ...texts });
      }
      return { window, nano: kept };
    });
    return { spent, above, told };
  }
}

/** What is known of a call's windows when it ends: by its open record, the sweeper's, its holder. */
export interface Found {
  readonly open: readonly (Hold | null)[] | null;
  readonly swept: readonly (Kept | null)[] | null;
  readonly known: readonly (Hold | null)[];
}

/** As the scripts write it. */
export const tallyText = ({ used, reserved, risk, end, limit, percent, refused }: Tally): string =>
  [used, reserved, risk, end, limit, percent, refused].join(' ');

export const keptText = (kept: readonly (Kept | null)[]): string =>
  kept.map((one) => `${one?.window ?? ''};${one?.nano ?? 0}`).join(';');
