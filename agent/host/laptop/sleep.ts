// Waits that a signal cuts short. Each signal has one listener, whatever the number of sleepers: a loop sets and removes nothing for each wait.

/** Of each signal, what wakes its sleepers. */
const sleepersOf = new WeakMap<AbortSignal, Set<() => void>>();

/** Resolves after this long, or rejects with the signal's reason when it aborts. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal === undefined) {
    setTimeout(resolve, milliseconds);
    return promise;
  }
  if (signal.aborted) return Promise.reject(signal.reason);
  const sleepers = listen(signal);
  const timer = setTimeout(() => {
    sleepers.delete(wake);
    resolve();
  }, milliseconds);
  const wake = () => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  sleepers.add(wake);
  return promise;
}

function listen(signal: AbortSignal): Set<() => void> {
  const known = sleepersOf.get(signal);
  if (known !== undefined) return known;
  const sleepers = new Set<() => void>();
  sleepersOf.set(signal, sleepers);
  const onAbort = () => {
    for (const wake of sleepers) wake();
    sleepers.clear();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return sleepers;
}
