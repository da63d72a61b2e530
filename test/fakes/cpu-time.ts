// How much a test's own thread has worked: on a machine that is busy with others, time passes while it waits for its turn.

/** Starts a clock. @returns a function that says how many milliseconds of CPU this thread has used since */
export function startCpuClock(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
