// Cloud Scheduler of the local cloud: calls functions by the minute. Understands the two forms of cron that function.json allows.

/** A job. */
export interface Job {
  readonly name: string;
  /** `* * * * *` or every n minutes in the same form. */
  readonly schedule: string;
  readonly url: string;
}

/** Starts the clock; a call that fails is told to `warn` and made again by the next tick. */
export function startScheduler(jobs: readonly Job[], warn: (message: string) => void): { stop(): void } {
  const tick = (): void => {
    const minute = Math.floor(Date.now() / 60_000);
    for (const job of jobs) if (minute % everyMinutes(job.schedule) === 0) void call(job, warn);
  };
  const timer = setInterval(tick, 60_000);
  return { stop: () => clearInterval(timer) };
}

function everyMinutes(schedule: string): number {
  return Number(/^\*\/(\d+) /.exec(schedule)?.[1] ?? 1);
}

async function call({ name, url }: Job, warn: (message: string) => void): Promise<void> {
  try {
    const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(300_000) });
    await response.arrayBuffer();
    if (!response.ok) warn(`${name} answered ${response.status}`);
  } catch (error) {
    warn(`${name} could not be called: ${error instanceof Error ? error.message : String(error)}`);
  }
}
