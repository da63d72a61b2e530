// One effect held open while another part runs: what a slow disk, a slow AWS or a slow child would do, at exactly one place.

type Effect = (...args: never[]) => Promise<unknown>;
type EffectsOf<T> = { [K in keyof T]: T[K] extends Effect ? K : never }[keyof T];

export interface HeldEffect {
  /** Resolves when the effect has begun and waits. */
  readonly reached: Promise<void>;
  /** Lets it go on, and every later one pass. */
  readonly release: () => void;
}

/**
 * Holds the next call of an effect open whose arguments match, e.g. `hold(host.files, "write", (path) => path === TOKEN)`.
 * @param isAfter the effect itself is done before it waits: what follows it is late
 */
export function hold<T extends object, K extends EffectsOf<T>>(
  target: T,
  effect: K,
  matches: (...args: Parameters<Extract<T[K], Effect>>) => boolean = () => true,
  isAfter = false,
): HeldEffect {
  const original = (target[effect] as Effect).bind(target) as (...args: unknown[]) => Promise<unknown>;
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let isUsed = false;
  const held = async (...args: unknown[]): Promise<unknown> => {
    if (isUsed || !matches(...(args as Parameters<Extract<T[K], Effect>>))) return original(...args);
    isUsed = true;
    if (!isAfter) {
      reached.resolve();
      await gate.promise;
      return original(...args);
    }
    const result = await original(...args);
    reached.resolve();
    await gate.promise;
    return result;
  };
  Object.assign(target, { [effect]: held });
  return { reached: reached.promise, release: gate.resolve };
}
