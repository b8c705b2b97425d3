// The catalogue of a deployment for commands: what is below its overlay, how it is read, and how it is changed. Not
// what commands say of it.

import {
  Catalogue,
  changeOverlay,
  defaultPrices,
  defaultsLayer,
  readOverlayCatalogue,
  readReviewed,
  secretsOf,
  type CatalogueParts,
  type OverlayDecision,
  type PriceBook,
} from '@cody-gateway/shared/catalogue';
import { operatorTimeoutMs, type Author } from '@cody-gateway/shared/documents';
import type { Store } from '@cody-gateway/shared/store';
import type { Output } from './command.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { patience, withKnownStore } from './redis.ts';

/** For the help of commands that write. */
export const inForceHelp = `
In force for every request ten seconds later, with no deploy; with an audit record (audit list).
`;

/** A catalogue as it stands, and how much of it is known here. */
export interface KnownCatalogue {
  readonly catalogue: Catalogue;
  readonly prices: PriceBook;
  /** For people: what is wrong with it, and what can't be known here. */
  readonly notes: readonly string[];
}

/** Reads it as Firestore has it now. @throws Error in words that help */
export function readCatalogue(deployment: Deployment): Promise<KnownCatalogue> {
  return withKnownStore(deployment, (store) =>
    withDirectory(deployment, async (documents) => {
      const { parts, notes } = await partsOf(store);
      const { catalogue, faults } = await readOverlayCatalogue(documents, parts, operatorTimeoutMs);
      const prices = await catalogue.prices();
      return { catalogue, prices, notes: [...faults, ...prices.faults, ...notes] };
    }),
  );
}

/** What a command changes, and how it tells so. */
export interface CatalogueChange {
  readonly what: string;
  readonly author: Author;
  /** From the catalogue as it stands in the transaction; runs again when somebody else writes meanwhile. */
  readonly decide: (catalogue: Catalogue, prices: PriceBook) => OverlayDecision;
}

/** Changes it. @throws Error in words that help: nothing was written then */
export async function changeCatalogue(
  deployment: Deployment,
  { what, author, decide }: CatalogueChange,
): Promise<{ readonly output: Output; readonly catalogue: Catalogue; readonly prices: PriceBook }> {
  return withKnownStore(deployment, (store) =>
    withDirectory(deployment, async (documents) => {
      const { parts, notes } = await partsOf(store);
      let before: ReadonlySet<string> = new Set();
      const { catalogue, prices, text, published } = await changeOverlay(
        { documents, store, parts },
        { author, what },
        Date.now(),
        (standing, standingPrices) => {
          before = servedIn(standing);
          return decide(standing, standingPrices);
        },
      );
      const after = servedIn(catalogue);
      const served = [...after].filter((id) => !before.has(id));
      const lost = [...before].filter((id) => !after.has(id));
      const lines = [
        `${what} in ${deployment.name}: ${text}`,
        ...(served.length > 0 ? [`served now: ${few(served)}`] : []),
        ...(lost.length > 0 ? [`served no longer: ${few(lost)}`] : []),
        published ? 'In force within 10 s.' : 'In force within 10 s; Redis could not be told, so by way of Firestore.',
        ...notes,
      ];
      const json = { place: deployment.name, change: text, served, servedNoLonger: lost, published, notes };
      return { output: { text: lines.join('\n'), json }, catalogue, prices };
    }),
  );
}

/**
 * What stands below the overlay: the gateway's processes say so in Redis, since only they have Terraform's variables
 * and secrets.
 */
async function partsOf(
  store: Store | null,
): Promise<{ readonly parts: Omit<CatalogueParts, 'overlay'>; readonly notes: readonly string[] }> {
  const state = store === null ? null : await readReviewed(store, patience()).catch(() => null);
  const defaults = defaultsLayer();
  if (state !== null) {
    const mounted = new Set(state.mounted);
    const parts = {
      reviewed: [defaults, ...state.environment],
      mounted: (secret: string) => mounted.has(secret),
      defaultPrices,
    };
    return { parts, notes: [] };
  }
  const bare = { reviewed: [defaults], defaultPrices };
  // The secrets that a release's own homes name: where these may be sent is known without the gateway.
  const named = new Set(new Catalogue({ ...bare, mounted: () => true }).homes.flatMap(({ row }) => secretsOf(row)));
  return {
    parts: { ...bare, mounted: (secret) => named.has(secret) },
    notes: [
      store === null
        ? "Terraform's rows and keys are not known here: set REDIS_ENDPOINT (terraform/README.md), where the gateway tells them"
        : "Terraform's rows and keys are not known here: no process of the gateway has told them to Redis yet, or Redis does not answer",
    ],
  };
}

const servedIn = (catalogue: Catalogue): ReadonlySet<string> => new Set(catalogue.served().map(({ id }) => id));

function few(ids: readonly string[]): string {
  return ids.length <= 8 ? ids.join(', ') : `${ids.slice(0, 8).join(', ')} and ${ids.length - 8} more`;
}
