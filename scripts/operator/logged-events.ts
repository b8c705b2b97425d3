// Usage events out of log lines: where an event goes whole when nothing else took it. Reads Cloud Logging's entries
// and the functions' own lines.

type Json = Readonly<Record<string, unknown>>;

/** What was found in a log. */
export interface LoggedEvents {
  /** Events, each once, with every column that a row must have. */
  readonly events: readonly Json[];
  /** Events whose leases have still to be ended, each once with its settlement. */
  readonly late: readonly { readonly event: Json; readonly settlement: Json }[];
  /** Lines that are no JSON. */
  readonly unreadable: number;
}

/** @param text a JSON array of entries, or one entry a line */
export function loggedEvents(text: string): LoggedEvents {
  const byId = new Map<string, Json>();
  const lateById = new Map<string, { event: Json; settlement: Json }>();
  let unreadable = 0;
  for (const entry of entriesOf(text)) {
    if (entry === null) {
      unreadable++;
      continue;
    }
    const payload = isObject(entry['jsonPayload']) ? entry['jsonPayload'] : entry;
    const event = payload['usage_event'];
    if (!isObject(event) || typeof event['event_id'] !== 'string') continue;
    const { settlement } = payload;
    if (isObject(settlement)) lateById.set(event['event_id'], { event: completed(event), settlement });
    else byId.set(event['event_id'], completed(event));
  }
  return { events: [...byId.values()], late: [...lateById.values()], unreadable };
}

/** An event that was logged before anyone knew what the limiter kept of it is taken to be kept as it was charged. */
function completed(event: Json): Json {
  return { rank: 1, count: 1, quota_window: null, quota_units: event['units'] ?? 0, ...event };
}

function entriesOf(text: string): (Json | null)[] {
  const whole = parse(text);
  if (Array.isArray(whole)) return whole.map((entry) => (isObject(entry) ? entry : null));
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const entry = parse(line);
      return isObject(entry) ? entry : null;
    });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
