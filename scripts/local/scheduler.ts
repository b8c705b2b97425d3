// Cloud Scheduler of the local cloud: calls functions by the minute. Understands the three forms of cron that
// function.json allows.

const minuteMs = 60_000;
const callTimeoutMs = 300_000;

/** A job. */
export interface Job {
  readonly name: string;
  /** `* * * * *`, every n minutes in the same form, or a minute of every hour. */
  readonly schedule: string;
  readonly url: string;
}

/** A running clock. */
export interface LocalScheduler {
  /**
   * Calls the job now, as its minute would; nothing happens while it still runs from before.
   * @throws Error where no job has that name
   */
  tick(name: string): Promise<void>;
  stop(): void;
}

/** Starts the clock; a call that fails is told to `warn` and made again by the next tick. */
export function startScheduler(jobs: readonly Job[], warn: (message: string) => void): LocalScheduler {
  const running = new Set<string>();
  const stopped = new AbortController();
  let timer: NodeJS.Timeout;
  const run = async (job: Job): Promise<void> => {
    // As in the real service: a job that still runs is not started a second time.
    if (running.has(job.name)) return;
    running.add(job.name);
    await call(job, stopped.signal, warn);
    running.delete(job.name);
  };
  const wait = (): void => {
    const nowMs = Date.now();
    timer = setTimeout(tickAll, minuteMs - (nowMs % minuteMs), Math.floor(nowMs / minuteMs) + 1);
  };
  const tickAll = (minute: number): void => {
    for (const job of jobs) if (isDue(job.schedule, minute)) void run(job);
    wait();
  };
  wait();
  return {
    tick: async (name) => {
      const job = jobs.find((one) => one.name === name);
      if (job === undefined) throw new Error(`no job is called ${name}`);
      await run(job);
    },
    stop: () => {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

/** @param minute since 1970; hours and days are whole minutes, so its remainder by 60 is the clock's */
export function isDue(schedule: string, minute: number): boolean {
  const [, of] = /^(\d+) /.exec(schedule) ?? [];
  if (of !== undefined) return minute % 60 === Number(of);
  const every = Number(/^\*\/(\d+) /.exec(schedule)?.[1] ?? 1);
  return (minute % 60) % every === 0;
}

/** Never throws. */
async function call({ name, url }: Job, stopped: AbortSignal, warn: (message: string) => void): Promise<void> {
  try {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(callTimeoutMs)]);
    const response = await fetch(url, { method: 'POST', signal });
    await response.arrayBuffer();
    if (!response.ok) warn(`${name} answered ${response.status}`);
  } catch (error) {
    if (stopped.aborted) return;
    warn(`${name} could not be called: ${error instanceof Error ? error.message : String(error)}`);
  }
}
