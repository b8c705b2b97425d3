// A home: one place where models of a provider can be called. Its keys are names here, never values.

import * as v from 'valibot';
import { allowEntry } from './allow-list.ts';
import { dialectPaths } from './provider-row.ts';
import { modelId, name, provenance, text, type RowKind } from './row-kind.ts';

/** Names of a secret: of the variable, and of the file, that hold it. */
export const secretName = v.pipe(
  v.string(),
  v.regex(/^[A-Z][A-Z0-9_]{2,99}$/, (issue) => `${issue.received} is not the name of a secret such as MISTRAL_API_KEY`),
);

/** An address without query, user or fragment. */
export const baseUrl = v.pipe(
  v.string(),
  v.maxLength(500),
  v.check(isBaseUrl, (issue) => `${issue.received} is not an address such as https://api.example.com`),
  v.transform((address) => address.replace(/\/+$/, '')),
);

const names = v.pipe(v.array(v.pipe(v.string(), v.regex(/^[\w.:-]{1,100}$/, 'is not a name'))), v.maxLength(200));
const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least, `is less than ${least}`), v.maxValue(most, `is more than ${most}`));

const entries = {
  id: name,
  provider: name,
  /** How calls are let in: a key, the function's own Google account, a key in Azure's header, or nothing at all. */
  kind: v.picklist(['api-key', 'google', 'azure', 'none'], 'is none of api-key, google, azure, none'),
  /** What dialect paths are put behind; null where it depends on the deployment, and the home has no traffic. */
  baseUrl: v.nullable(baseUrl),
  /** Who runs it and so reads the prompts. */
  company: name,
  /** Where prompts are processed: `global`, `us`, `eu` or a cloud's own name of a region; null: not known. */
  region: v.nullable(name),
  /** How long prompts are kept; null: not known. */
  retention: v.nullable(v.picklist(['none', '30-days', 'longer'], 'is none of none, 30-days, longer')),
  /** What is spoken here, where that is not what the provider's row says. */
  dialects: v.nullable(dialectPaths),
  /** Betas and tools that work here; null: whatever the company offers. */
  betas: v.nullable(names),
  tools: v.nullable(names),
  /** A pool of one organisation: any of them will do. */
  secrets: v.pipe(v.array(secretName), v.maxLength(20)),
  /** Which organisation of the account is billed, where the API takes one; null: the key's own. */
  organization: v.nullable(text(100)),
  /** Which models are here (allow-list.ts over names without prefix), beside those that `spellings` has. */
  serves: v.pipe(v.array(allowEntry), v.maxLength(2000)),
  /** Names of models here by the model's id, where they differ. */
  spellings: v.record(modelId, text(200)),
  /** Lower ones are tried first. */
  priority: whole(0, 1000),
  /** Share among homes of one priority; 0: none. */
  weight: whole(0, 1000),
  /** Calls in flight that one instance may have here; null: no bound of its own. */
  callsMax: v.nullable(whole(1, 100_000)),
  /**
   * How long a stream may take to its response headers before another home is asked, in ms; null: as the gateway waits
   * for any.
   */
  headersTimeoutMs: v.nullable(whole(100, 600_000)),
  /** Homes of one group read each other's encrypted reasoning, files and caches. */
  state: name,
  /** Why it gets no new calls. */
  draining: v.nullable(text(300)),
  /** What an operator has to set before it can be used. */
  hint: v.nullable(text(300)),
  ...provenance,
};
const schema = v.strictObject(entries);

/** A home, complete. */
export type HomeRow = v.InferOutput<typeof schema>;

export const homeKind: RowKind<HomeRow> = {
  name: 'homes',
  key: ['id'],
  entries,
  unstated: {
    region: null,
    retention: null,
    dialects: null,
    betas: null,
    tools: null,
    secrets: [],
    organization: null,
    serves: ['*'],
    spellings: {},
    priority: 0,
    weight: 100,
    callsMax: null,
    headersTimeoutMs: null,
    draining: null,
    hint: null,
  },
  providerOf: ({ provider }) => provider ?? null,
};

function isBaseUrl(address: string): boolean {
  const url = URL.parse(address);
  return (
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.hostname !== '' &&
    url.username + url.password + url.search + url.hash === '' &&
    !/[?#@{}\s\\]/.test(address)
  );
}

const secretEntries = {
  id: secretName,
  /** Where it may be sent: names of hosts, `*` for the rest of a name's first label: `*-aiplatform.googleapis.com`. */
  hosts: v.pipe(
    v.array(v.pipe(v.string(), v.regex(/^(\*[.-])?[a-z0-9.:[\]-]{1,250}$/, 'is not a host such as api.example.com'))),
    v.maxLength(100),
  ),
  ...provenance,
};
const secretSchema = v.strictObject(secretEntries);

/** Where a secret may go beside the hosts of the homes that name it in a reviewed layer. Never in the overlay. */
export type SecretRow = v.InferOutput<typeof secretSchema>;

export const secretKind: RowKind<SecretRow> = {
  name: 'secrets',
  key: ['id'],
  entries: secretEntries,
  unstated: { hosts: [] },
  providerOf: () => null,
};
