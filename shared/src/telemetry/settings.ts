// What telemetry needs to know of the process: which one it is, and where its traces and errors go. Not how they go
// there.

/** What telemetry needs to know of the process. */
export interface TelemetrySettings {
  readonly googleCloudProject: string | null;
  readonly functionName: string;
  readonly version: string;
  readonly region?: string;
  readonly environment?: string;
  /** Null or absent: neither traces nor metrics, and none of their code is loaded. */
  readonly otelEndpoint?: string | null;
  /** Project of traces and metrics; null or absent: `googleCloudProject`. */
  readonly otelProject?: string | null;
  readonly tracePolicy?: string;
  /** Of calls that went well so many percent tell everything; absent: all. */
  readonly samplePercent?: number;
  /** Access tokens for Google's own endpoint. */
  readonly accessTokens?: () => Promise<string>;
  /** Null or absent: no Sentry, and none of its code is loaded. */
  readonly sentryDsn?: string | null;
}
