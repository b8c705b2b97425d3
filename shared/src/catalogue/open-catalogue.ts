// The catalogue of a process: the reviewed layers read once, and the snapshot for a call that begins now. Not what a
// snapshot says.

import { ConfigError, type Config } from '../config/config.ts';
import { defaultPrices, defaultsLayer } from './defaults.ts';
import { catalogueLayer, catalogueText, variablesLayer, type CatalogueConfig } from './environment-layer.ts';
import { googleAccount } from './hosts.ts';
import type { Layer } from './layers.ts';
import { openOverlay, type OpenOverlayOptions } from './open-overlay.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';

/** What a process has of it. */
export interface OpenCatalogue {
  /** The snapshot for a call that begins now: to be taken once a call. Never rejects. */
  current(nowMs: number): Promise<Catalogue>;
  /** The last known one, at once. */
  latest(): Catalogue;
  /** Resolves when nothing is being read any more. */
  close(): Promise<void>;
}

/** What is needed to open it. */
export interface CatalogueOptions {
  readonly config: CatalogueConfig & Pick<Config, 'catalogue' | 'secretNamed'>;
  readonly nowMs: number;
  /** Where the operator's changes are; null: there are none. */
  readonly overlay: Pick<OpenOverlayOptions, 'config' | 'store' | 'documents' | 'now'> | null;
  /** What is wrong with the overlay, one line each. */
  readonly onFaults: (faults: readonly string[]) => void;
}

/**
 * No network.
 * @throws ConfigError with every fault of the environment's rows, also of those that only show when all layers are put
 * together
 */
export function openCatalogue({ config, nowMs, overlay, onFaults }: CatalogueOptions): OpenCatalogue {
  const parts: CatalogueParts = {
    reviewed: reviewedLayers(config, new Date(nowMs).toISOString().slice(0, 10)),
    mounted: (secret) => secret === googleAccount || config.secretNamed(secret) !== null,
    defaultPrices,
  };
  if (overlay !== null) {
    const copy = openOverlay({ ...overlay, parts, onFaults });
    failOnFaults(copy.latest());
    return { current: (nowMs) => copy.use(nowMs), latest: () => copy.latest(), close: () => copy.idle() };
  }
  const catalogue = new Catalogue(parts);
  failOnFaults(catalogue);
  const current = Promise.resolve(catalogue);
  return { current: () => current, latest: () => catalogue, close: async () => undefined };
}

function failOnFaults({ faults }: Catalogue): void {
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `CODY_GATEWAY_CATALOGUE: ${fault}`));
}

function reviewedLayers(config: CatalogueOptions['config'], day: string): readonly Layer[] {
  const defaults = defaultsLayer();
  const rows = config.catalogue === null ? [] : [catalogueLayer(catalogueText(config.catalogue), day)];
  return [defaults, variablesLayer(config, defaults, day), ...rows];
}
