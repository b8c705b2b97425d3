// An orderly end on SIGTERM: running streams finish, what is buffered is sent. functions-framework's own handler cuts
// them.

import type { Server } from 'node:http';

/** Cloud Run kills the instance 10 s after SIGTERM (shared/COMPATIBILITY.md#instance-end). */
const drainTimeoutMs = 8_000;

/**
 * Replaces the framework's SIGTERM and SIGINT handlers, as soon as it has installed them, by a drain: no new
 * connections, running requests finish within 8 s, `flush` sends what is left, exit 0.
 * @param servers gives the servers seen so far (listenFirst tells them).
 * @param inFlight resolves when no request is running.
 */
export function drainOnTerm(
  servers: () => Iterable<Server>,
  inFlight: () => Promise<void>,
  flush: () => Promise<void>,
): void {
  const drain = async (): Promise<void> => {
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, drainTimeoutMs).unref());
    for (const server of servers()) {
      server.close();
      server.closeIdleConnections();
    }
    // One after the other under one deadline: what the last requests leave behind must be part of the flush.
    await Promise.race([deadline, inFlight().then(flush)]);
  };
  const onTerm = (): void => {
    const exit = (): never => process.exit(0);
    drain().then(exit, exit);
  };
  const take = (): void => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.removeAllListeners(signal);
      process.once(signal, onTerm);
    }
  };
  process.on('newListener', function seen(event) {
    if (event !== 'SIGTERM') return;
    process.removeListener('newListener', seen);
    // The framework registers one signal after the other in the same tick; ours come when it is done
    // (shared/COMPATIBILITY.md#framework-signals).
    setImmediate(take);
  });
}
