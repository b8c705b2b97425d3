// What the limiter in plain memory is told of a call, and what it writes. For tests alone.

import type { ModelMoney } from './plain-budgets.ts';

/** What an actor is entitled to at the moment of a call. Times in ms, as everywhere here. */
export interface ModelPlan {
  readonly limit: number;
  readonly interval: number;
  readonly burstLimit: number;
  readonly burstInterval: number;
  readonly cap: number;
  /** Null for actors whose window moves its end when the interval changes. */
  readonly version: number | null;
}

/** One request for admission. */
export interface ModelAdmission {
  readonly id: string;
  /** Actor and feature: whose counter it is. */
  readonly counter: string;
  readonly shard: string;
  readonly plan: ModelPlan;
  readonly estimate: number;
  readonly claim: { readonly name: string; readonly fingerprint: string } | null;
  /** Of notices, about the quota and about budgets. */
  readonly thresholds: readonly number[];
  readonly money: ModelMoney | null;
}

/** An event of the outbox; `fields` beyond id, kind, window and units. */
export interface ModelEvent {
  readonly id: string;
  readonly kind: 'event' | 'orphaned' | 'refused' | 'notice';
  readonly window: string;
  readonly units: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** A draft that is nobody else's. */
export const draftOf = (id: string): string => `draft of ${id}`;
export const noticeDraft = 'notice';
export const budgetNoticeDraft = 'notice of a budget';
