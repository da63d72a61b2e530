// An answer that costs work to render: at most once a second, however often it is asked for.

const KEPT_MS = 1000;

/**
 * Returns a reader of the newest rendering; callers within a second share it, and its failure.
 * @param now of a clock that nothing sets, milliseconds
 */
export function keepAnswer<T>(
  render: () => T | Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; readonly sinceMs: number } | undefined;
  return () => {
    if (kept === undefined || now() - kept.sinceMs >= KEPT_MS)
      kept = { answer: Promise.resolve().then(render), sinceMs: now() };
    return kept.answer;
  };
}
