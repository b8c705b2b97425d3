// Door of the catalogue: what is known of providers, their homes, models and prices. Data in three layers, one
// snapshot a call, and the cost of usage.

export { allowList, type AllowList } from './allow-list.ts';
export {
  changeOverlay,
  OverlayRefused,
  type ChangedOverlay,
  type OverlayDecision,
  type OverlayPlace,
  type RowEdit,
} from './change-overlay.ts';
export { boundOf, type Bound, type BoundBy, type RequestSize } from './bound.ts';
export { bytesPerToken } from './bytes-per-token.ts';
export { cost, totalCost, type Cost, type Usage } from './cost.ts';
export { add, decimalText, multiply, one, parseDecimal, shifted, type Decimal } from './decimal.ts';
export { dollarsMost, dollarText, nanoUsdIn, nanoUsdOf } from './dollars.ts';
export { defaultPrices, defaultsLayer } from './defaults.ts';
export { dimensionNames, dimensionOf, type DimensionName, type Unit } from './dimensions.ts';
export { catalogueLayer, catalogueText, variablesLayer, type CatalogueConfig } from './environment-layer.ts';
export type { Home, HomeStatus } from './home.ts';
export type { HomeRow, SecretRow } from './home-row.ts';
export { googleAccount, isPrivateHost, secretsOf } from './hosts.ts';
export {
  kindNames,
  kinds,
  layerFaults,
  layerOf,
  mergeRows,
  type KindName,
  type Layer,
  type LayerName,
  type Merged,
  type MergedRow,
  type Shadowed,
} from './layers.ts';
export type { ModelFeature, ModelRow } from './model-row.ts';
export type { PartKind } from './most-tokens.ts';
export { nearestNames } from './nearest-names.ts';
export { openCatalogue, type CatalogueOptions, type OpenCatalogue } from './open-catalogue.ts';
export { openOverlay, type OpenOverlayOptions } from './open-overlay.ts';
export type { PriceBook } from './price-book.ts';
/** Making one, which is not needed for the first answer. */
export const loadPriceBooks = () => import('./price-book.ts');
export { priceCall, type Part, type PricedBy, type PricedCall } from './price-call.ts';
export type { FactorRow, PriceRow } from './price-row.ts';
export type { DialectName, DialectPath, ProviderRow, RuleName } from './provider-row.ts';
export { readOverlayCatalogue } from './read-overlay.ts';
export { publishReviewed, readReviewed, type ReviewedState } from './reviewed-state.ts';
export { rowFaults, rowId, type PartialRow, type RowKind } from './row-kind.ts';
export {
  Catalogue,
  type CatalogueParts,
  type Model,
  type ModelFilter,
  type Resolution,
  type ServedNames,
} from './snapshot.ts';
