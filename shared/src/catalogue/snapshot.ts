// One state of the catalogue, never changed: what a call sees from its permit to its settlement. Changes make a new
// one (overlay-copy.ts).

import { LRUCache } from 'lru-cache';
import { allowList, type AllowList } from './allow-list.ts';
import { homeStatus, type Home } from './home.ts';
import { hostRules } from './hosts.ts';
import { mergeRows, type KindName, type Layer, type MergedRow, type Rows, type Shadowed } from './layers.ts';
import { modelKind, type ModelFeature, type ModelRow } from './model-row.ts';
import { nearestNames } from './nearest-names.ts';
import type { PriceBook } from './price-book.ts';
import type { PartialRow } from './row-kind.ts';
import type { DialectName, ProviderRow } from './provider-row.ts';

/** A model by its provider. */
export interface Model {
  /** `provider/name`, as lists and answers write it. */
  readonly id: string;
  readonly provider: ProviderRow;
  /** As the provider calls it. */
  readonly name: string;
  readonly row: ModelRow;
  /** False where only a pattern of the allow-list knows it: nothing is known of it but its name. */
  readonly known: boolean;
}

/** What a name that a caller wrote means. */
export type Resolution =
  | { readonly kind: 'served'; readonly model: Model }
  /** An operator took it away, with these words for the caller. */
  | { readonly kind: 'disabled'; readonly model: Model; readonly text: string }
  /** It is allowed, but no home can serve it now. */
  | { readonly kind: 'unavailable'; readonly model: Model; readonly text: string }
  /** Not known, or not allowed. */
  | { readonly kind: 'refused'; readonly nearest: readonly string[] };

/** What of a snapshot is asked for. */
export interface ModelFilter {
  readonly provider?: string;
  /** At least one of them. */
  readonly features?: readonly ModelFeature[];
  /** Models that answer in at least one of these at some open home. */
  readonly dialects?: readonly DialectName[];
}

/** The models of a provider as lists name them. */
export interface ServedNames {
  /** In the order of the provider's list. */
  readonly ids: readonly string[];
  /**
   * @param name qualified, an alias too, in any case
   * @returns the id of the served model that it stands for, or null
   */
  idOf(name: string): string | null;
}

/** Names that were asked for lately. */
const resolvedMax = 2_000;
/** No row has a longer name. */
const resolvedLettersMax = 300;

/** What a snapshot is made of. */
export interface CatalogueParts {
  /** Defaults, then the environment. */
  readonly reviewed: readonly Layer[];
  readonly overlay?: Layer | null;
  /** Whether a secret of this name is mounted. */
  readonly mounted: (secret: string) => boolean;
  /** Rows of prices of the defaults: large, and not needed for the first answer. */
  readonly defaultPrices: () => Promise<readonly PartialRow[]>;
}

export class Catalogue {
  readonly providers: ReadonlyMap<string, MergedRow<ProviderRow>>;
  readonly homes: readonly Home[];
  readonly models: ReadonlyMap<string, MergedRow<ModelRow>>;
  /** Values that a later layer hides, but for prices. */
  readonly shadowed: readonly Shadowed[];
  /** Rows that are left out, and why. */
  readonly faults: readonly string[];
  readonly #layers: readonly Layer[];
  readonly #defaultPrices: CatalogueParts['defaultPrices'];
  readonly #byName = new Map<string, Map<string, ModelRow>>();
  readonly #allowed = new Map<string, AllowList>();
  #prices: Promise<PriceBook> | null = null;
  #priceBook: PriceBook | null = null;
  readonly #resolved = new LRUCache<string, Resolution>({ max: resolvedMax });
  readonly #homesOf = new WeakMap<ModelRow, readonly Home[]>();
  readonly #covered = new Map<string, readonly string[]>();
  readonly #served = new Map<string, readonly Model[]>();
  readonly #servedNames = new Map<string, ServedNames>();

  constructor({ reviewed, overlay = null, mounted, defaultPrices }: CatalogueParts) {
    this.#layers = overlay === null ? reviewed : [...reviewed, overlay];
    this.#defaultPrices = defaultPrices;
    const [providers, homes, models] = [this.#merge('providers'), this.#merge('homes'), this.#merge('models')];
    const secrets = mergeRows('secrets', reviewed);
    const rules = hostRules(reviewed, secrets.rows.values());
    this.providers = providers.rows;
    this.models = models.rows;
    this.shadowed = [...providers.shadowed, ...homes.shadowed, ...models.shadowed];
    const faults = [...providers.faults, ...homes.faults, ...secrets.faults, ...models.faults];
    this.homes = [...homes.rows.values()].flatMap((home) => {
      const provider = providers.rows.get(home.row.provider);
      if (provider !== undefined) return [homeStatus(home, provider.row, rules, mounted)];
      faults.push(`homes ${home.id}: provider: there is no provider ${home.row.provider}`);
      return [];
    });
    for (const { id, row } of models.rows.values()) {
      const [provider, name] = split(id);
      if (!providers.rows.has(provider)) faults.push(`models ${id}: id: there is no provider ${provider}`);
      const names = this.#byName.get(provider) ?? new Map<string, ModelRow>();
      this.#byName.set(provider, names);
      names.set(name.toLowerCase(), row);
    }
    // A model's own name wins over another's alias.
    for (const { id, row } of models.rows.values())
      for (const alias of row.aliases) {
        const [prefix, rest] = split(alias);
        if (prefix.toLowerCase() === split(id)[0].toLowerCase() && rest !== '')
          faults.push(`models ${id}: aliases: ${alias} begins with its provider: write ${rest}`);
        const names = this.#byName.get(split(id)[0]);
        const other = names?.get(alias.toLowerCase());
        if (other === undefined) names?.set(alias.toLowerCase(), row);
        else if (other !== row) faults.push(`models ${id}: aliases: ${alias} is already ${other.id}`);
      }
    for (const { id, row } of models.rows.values())
      for (const name of row.covers) {
        const covered = `${split(id)[0]}/${name.toLowerCase()}`;
        this.#covered.set(covered, [...(this.#covered.get(covered) ?? []), id]);
      }
    const known = Map.groupBy(models.rows.keys(), (id) => split(id)[0]);
    for (const { row } of providers.rows.values()) {
      const names = (known.get(row.id) ?? []).map((id) => split(models.rows.get(id)?.id ?? id)[1]);
      this.#allowed.set(row.id, allowList(row.allow, names));
    }
    this.faults = faults;
  }

  /**
   * What a name means. Names are compared without case, and come back as configured.
   * @param typed with the provider's prefix or without
   * @param provider where the route says whose name it is; else the prefix does, or the first provider that serves the
   * name
   */
  resolve(typed: string, provider: string | null = null): Resolution {
    if (typed.length > resolvedLettersMax) return { kind: 'refused', nearest: [] };
    const key = `${provider ?? ''} ${typed}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const resolution = this.#resolve(typed, provider);
    this.#resolved.set(key, resolution);
    return resolution;
  }

  #resolve(typed: string, provider: string | null): Resolution {
    const [prefix, rest] = split(typed);
    const named = prefix.toLowerCase();
    const found =
      provider === null
        ? ((this.providers.has(named) ? this.#find(named, rest) : null) ?? this.#findAnywhere(typed))
        : // A name may begin as its provider is called; a pattern that allows all must not take the prefix for a part of the name.
          named === provider && this.#byName.get(provider)?.has(typed.toLowerCase()) !== true
          ? this.#find(provider, rest)
          : this.#find(provider, typed);
    if (found === null) return { kind: 'refused', nearest: this.nearest(typed, provider) };
    return this.#stateOf(found);
  }

  /**
   * A model of a provider whether it is served or not, for calls of our own. @returns null: there is no such provider
   */
  named(providerId: string, name: string): Model | null {
    const provider = this.providers.get(providerId)?.row;
    if (provider === undefined) return null;
    const row = this.#byName.get(providerId)?.get(name.toLowerCase());
    const own = row === undefined ? name : split(row.id)[1];
    const id = `${providerId}/${own}`;
    return { id, provider, name: own, row: row ?? unknownModel(providerId, own), known: row !== undefined };
  }

  /** Every home of a model in whatever status, those of the lowest priority first. */
  homesOf({ id, name, row, provider }: Model): readonly Home[] {
    const known = this.#homesOf.get(row);
    if (known !== undefined) return known;
    const homes = this.homes
      .filter(
        (home) =>
          home.row.provider === provider.id && home.serves(name, id) && (row.homes?.includes(home.row.id) ?? true),
      )
      .sort((a, b) => a.row.priority - b.row.priority || b.row.weight - a.row.weight);
    this.#homesOf.set(row, homes);
    return homes;
  }

  /** Names, qualified, whose place in a list stands for this model too. */
  coveringOf(id: string): readonly string[] {
    return this.#covered.get(id.toLowerCase()) ?? [];
  }

  /**
   * Models that are served now, by provider in the order of their lists. A pattern's unknown names are not among them.
   */
  served(filter: ModelFilter = {}): readonly Model[] {
    const { provider, features, dialects } = filter;
    const key = `${provider ?? ''} ${features?.join() ?? ''} ${dialects?.join() ?? ''}`;
    const known = this.#served.get(key);
    if (known !== undefined) return known;
    const models =
      key === '  '
        ? this.#serveAll()
        : this.served().filter(
            (model) =>
              (provider === undefined || model.provider.id === provider) &&
              (features === undefined || features.some((feature) => model.row.features.includes(feature))) &&
              (dialects === undefined || this.#answersIn(model, dialects)),
          );
    this.#served.set(key, models);
    return models;
  }

  /** The same, as lists are compared with it. The object is the same for the same question. */
  servedNames(provider: string, features: readonly ModelFeature[], dialects: readonly DialectName[]): ServedNames {
    const key = `${provider} ${features.join()} ${dialects.join()}`;
    const known = this.#servedNames.get(key);
    if (known !== undefined) return known;
    const models = this.served({ provider, features, dialects });
    // A model's own name wins over another's alias.
    const byName = new Map(
      models.flatMap(({ id, row }) => row.aliases.map((alias) => [`${provider}/${alias}`.toLowerCase(), id])),
    );
    for (const { id } of models) byName.set(id.toLowerCase(), id);
    const names: ServedNames = {
      ids: models.map(({ id }) => id),
      idOf: (name) => byName.get(name.toLowerCase()) ?? null,
    };
    this.#servedNames.set(key, names);
    return names;
  }

  #serveAll(): readonly Model[] {
    return [...this.providers.values()].flatMap(({ row }) => {
      const listed = this.#allowed.get(row.id)?.names ?? [];
      const own = [...this.models.values()].filter(
        ({ id, row: model }) => split(id)[0] === row.id && model.allowed === true,
      );
      return [...new Set([...listed, ...own.map(({ id }) => split(id)[1])])]
        .flatMap((name) => this.#find(row.id, name) ?? [])
        .filter((model) => this.#stateOf(model).kind === 'served');
    });
  }

  #answersIn(model: Model, dialects: readonly DialectName[]): boolean {
    return (
      (model.row.dialects === null || dialects.some((dialect) => model.row.dialects?.includes(dialect))) &&
      this.homesOf(model).some(
        (home) => home.status === 'open' && dialects.some((dialect) => home.dialects[dialect] !== undefined),
      )
    );
  }

  /** Served models that somebody may have meant, three at most. */
  nearest(typed: string, provider: string | null = null): readonly string[] {
    return nearestNames(
      typed,
      this.served(provider === null ? {} : { provider }).map(({ id }) => id),
    );
  }

  /** Prices of this state; the first call of a process reads them. */
  prices(): Promise<PriceBook> {
    this.#prices ??= this.#loadPrices();
    return this.#prices;
  }

  /** The same where they have been read, else null: a call that has ended waits for nothing then. */
  pricesAtHand(): PriceBook | null {
    return this.#priceBook;
  }

  async #loadPrices(): Promise<PriceBook> {
    const defaults: Layer = { name: 'defaults', rows: { prices: await this.#defaultPrices() } };
    const layers = [defaults, ...this.#layers];
    // With the prices themselves: neither is needed for the first answer.
    const { createPriceBook } = await import('./price-book.ts');
    return (this.#priceBook = createPriceBook(mergeRows('prices', layers), mergeRows('factors', layers)));
  }

  #merge<K extends KindName>(kind: K): ReturnType<typeof mergeRows<K>> {
    return mergeRows<K>(kind, this.#layers);
  }

  #stateOf(model: Model): Exclude<Resolution, { kind: 'refused' }> {
    const disabled = model.row.disabled ?? model.provider.disabled;
    if (disabled !== null) return { kind: 'disabled', model, text: disabled };
    const homes = this.homesOf(model);
    if (homes.some(({ status }) => status === 'open')) return { kind: 'served', model };
    const draining = homes.find(({ status }) => status === 'draining')?.why;
    return { kind: 'unavailable', model, text: draining ?? `no home of ${model.id} can be used at present` };
  }

  /** A model of this provider that is allowed, or was until an operator disabled it. */
  #find(providerId: string, name: string): Model | null {
    const row = this.#byName.get(providerId)?.get(name.toLowerCase());
    if (row === undefined && !isModelName(name)) return null;
    const own = row === undefined ? name : split(row.id)[1];
    const list = this.#allowed.get(providerId);
    const allowed =
      row?.allowed ??
      (list !== undefined &&
        (list.allows(own) || this.coveringOf(`${providerId}/${own}`).some((id) => list.allows(split(id)[1]))));
    return allowed ? this.named(providerId, name) : null;
  }

  /**
   * A name without prefix: of the first provider that knows it, better one that can serve it; else of one whose
   * patterns claim it.
   */
  #findAnywhere(name: string): Model | null {
    const lower = name.toLowerCase();
    let first: Model | null = null;
    for (const [provider, names] of this.#byName) {
      if (!names.has(lower)) continue;
      const model = this.#find(provider, name);
      if (model !== null && this.homesOf(model).some(({ status }) => status === 'open')) return model;
      first ??= model;
    }
    if (first !== null) return first;
    const claiming = [...this.#allowed].find(([, list]) => list.claims(name))?.[0];
    return claiming === undefined ? null : this.#find(claiming, name);
  }
}

/** A name that a caller made up reaches paths, logs and keys: what it may look like is what rows may be called. */
const isModelName = (name: string): boolean =>
  /^[\w.:@+-][\w.:@/+-]{0,199}$/.test(name) && !/(^|\/)\.{0,2}(\/|$)/.test(name);

function unknownModel(provider: string, name: string): ModelRow {
  return {
    ...modelKind.unstated,
    id: `${provider}/${name}`,
    source: 'nobody knows it',
    asOf: '1970-01-01',
  } as Rows['models'];
}

function split(id: string): [provider: string, name: string] {
  const slash = id.indexOf('/');
  return slash === -1 ? ['', id] : [id.slice(0, slash), id.slice(slash + 1)];
}
