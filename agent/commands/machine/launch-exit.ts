// Exit codes of `machine launch`.

/** 0 done; 2 not confirmed, or not Ready in time; an error is 1, and no capacity 4. */
export const LAUNCH_EXIT = { done: 0, refused: 2, noCapacity: 4 } as const;
