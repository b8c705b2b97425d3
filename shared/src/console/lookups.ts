// What the console asks others: each question with a deadline and a bound, its answer kept for a while by weight, so
// that ten people who look cost as much as one. Not what is asked (questions beside the pages).

import { LRUCache } from 'lru-cache';
import type { Ledger } from '../events/events.ts';
import { within } from '../telemetry/telemetry.ts';

/** An answer, and when it was read. */
export interface Answer<T> {
  readonly value: T;
  /** Unix ms. */
  readonly readAtMs: number;
}

/** A row of the warehouse. */
export type Row = Readonly<Record<string, unknown>>;

/** A question in BigQuery's SQL; `$dataset` and `$zone` stand for the dataset and the billing time zone. */
export interface Question {
  readonly sql: string;
  /** Rows that are taken at the most; the SQL gets it as its LIMIT. */
  readonly rowsMax: number;
  /** Bytes of the warehouse that it may read. */
  readonly bytesMax: number;
}

/** What of the process it needs. */
export interface LookupSettings {
  readonly ledger: Ledger;
  /** Unix ms. */
  readonly now: () => number;
  /** How long an answer is good. */
  readonly keptMs: number;
  /** How long one is waited for; absent: as long as people do. */
  readonly timeoutMs?: number;
}

/** What may be asked. */
export interface Lookups {
  /** @throws LookupFailed */
  rows(question: Question, params?: Readonly<Record<string, string>>): Promise<Answer<readonly Row[]>>;
  /**
   * The same for sources other than the warehouse. The answer is cached under its name, which begins with the source's.
   * @param weight the length that its JSON would have; absent: it is measured
   * @throws LookupFailed
   */
  other<T extends object>(name: string, read: () => Promise<T>, weight?: number): Promise<Answer<T>>;
  /** The time zone in which days begin and end. @throws LookupFailed */
  timeZone(): Promise<string>;
}

/** Why there is no answer, in words that a page may show. */
export class LookupFailed extends Error {
  override readonly name = 'LookupFailed';
  /** Whether the thing asked for does not exist, such as a view that this deployment lacks: that is no outage. */
  readonly missing: boolean;

  constructor(message: string, missing: boolean, cause: unknown) {
    super(message, { cause });
    this.missing = missing;
  }
}

/** All that is kept, as the length of its JSON: a page of 5,000 rows is about one megabyte. */
const keptCharactersMax = 24_000_000;
const answerCharactersMax = 8_000_000;
/** People wait for it; a question that takes longer belongs in a report. */
const patienceMs = 25_000;
/** A time zone changes with a deployment. */
const zoneKeptMs = 3_600_000;

export function createLookups({ ledger, now, keptMs, timeoutMs = patienceMs }: LookupSettings): Lookups {
  const kept = new LRUCache<string, Answer<object>>({ maxSize: keptCharactersMax });
  const asked = new Map<string, Promise<Answer<object>>>();
  const ask = async <T extends object>(
    key: string,
    source: string,
    goodForMs: number,
    read: () => Promise<T>,
    weight?: number,
  ): Promise<Answer<T>> => {
    const known = kept.get(key);
    if (known !== undefined && now() - known.readAtMs < goodForMs) return known as Answer<T>;
    // Whoever asks the same meanwhile waits for the same answer.
    const running = asked.get(key);
    if (running !== undefined) return running as Promise<Answer<T>>;
    const work = answered(source, read).finally(() => asked.delete(key));
    asked.set(key, work);
    return work;
    async function answered(of: string, question: () => Promise<T>): Promise<Answer<T>> {
      const readAtMs = now();
      const late = (): never => {
        throw new LookupFailed(
          `${of} did not answer within ${timeoutMs / 1_000} seconds: look again later`,
          false,
          null,
        );
      };
      const value = await within(question(), timeoutMs, late).catch((error: unknown) => {
        throw error instanceof LookupFailed ? error : failureOf(of, error);
      });
      const answer = { value, readAtMs };
      const size = weight ?? JSON.stringify(value).length;
      if (size <= answerCharactersMax) kept.set(key, answer, { size: Math.max(1, size) });
      return answer;
    }
  };
  const timeZone = async (): Promise<string> => {
    const zone = await ask('zone', 'BigQuery', zoneKeptMs, async () => {
      const sql = `SELECT time_zone FROM \`${ledger.dataset}.billing_time_zone\``;
      const [row] = await ledger.query(sql, {}, { bytesMax: 10_000_000, timeoutMs });
      const name = String(row?.['time_zone']);
      // It is written into other questions.
      if (!/^[A-Za-z][\w+/-]*$/.test(name)) throw new Error('billing_time_zone names no time zone');
      return { name };
    });
    return zone.value.name;
  };
  return {
    timeZone,
    rows: async (question, params = {}) => {
      const zone = question.sql.includes('$zone') ? await timeZone() : '';
      const sql = questionText(question, ledger.dataset, zone);
      return ask(`${sql} ${JSON.stringify(params)}`, 'BigQuery', keptMs, () =>
        ledger.query(sql, params, { bytesMax: question.bytesMax, timeoutMs }),
      );
    },
    other: (name, read, weight) => ask(`other ${name}`, name.split(' ', 1)[0] ?? name, keptMs, read, weight),
  };
}

/** The text that is sent; also for the list of the project's SQL. */
export function questionText({ sql, rowsMax }: Question, dataset: string, zone: string): string {
  return `${sql.replaceAll('$dataset', dataset).replaceAll('$zone', zone)}\nLIMIT ${rowsMax}`;
}

/** The words of others may contain anything, so only the kind of failure is passed on. */
function failureOf(source: string, error: unknown): LookupFailed {
  const message = error instanceof Error ? error.message : String(error);
  if (/bytes billed/i.test(message))
    return new LookupFailed('this would read more of the warehouse than a page may: choose fewer days', false, error);
  const missing = /not found|does not exist|unrecognized name/i.test(message);
  const words = missing ? `${source} does not know what was asked for` : `${source} gave no answer: look again later`;
  return new LookupFailed(words, missing, error);
}
