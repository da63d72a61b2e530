// A board whose time is a test's.
import { ConditionBoard } from "../../agent/board/conditions.ts";
import type { Log } from "../../agent/log.ts";
import type { MemoryClock } from "./memory-clock.ts";

/** A board that turns conditions as the clock is advanced. */
export function createBoard(log: Log, clock: MemoryClock): ConditionBoard {
  return new ConditionBoard({ log, now: clock.now, sleep: clock.sleep });
}
