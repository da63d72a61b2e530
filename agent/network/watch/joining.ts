// A machine that joins: a gateway learns the node's key from the Node, which is not there yet.
import type { ConditionBoard, Report } from "../../board/conditions.ts";
import type { Clock } from "../../host/host.ts";

/** From a Node that is Ready to a gateway that knows its key: the annotation, a watch, and the entry that is read each minute. */
const JOINING_MS = 90_000;

export class Joining {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #board: Pick<ConditionBoard, "isTrue">;
  /** By the monotonic clock; undefined while the Node is not Ready. */
  #readySinceMs: number | undefined;

  constructor({
    host,
    board,
  }: {
    readonly host: { readonly clock: Pick<Clock, "monotonic"> };
    readonly board: Pick<ConditionBoard, "isTrue">;
  }) {
    this.#clock = host.clock;
    this.#board = board;
  }

  /** The report, or, while the machine joins, that a key which the gateway does not know is on its way there. */
  soften(report: Report): Report {
    if (report.reason !== "KeyUnknown" || !this.#isJoining()) return report;
    const message = `${report.message}: it learns the key from the Node`;
    return { status: "Unknown", reason: "Connecting", message };
  }

  #isJoining(): boolean {
    if (!this.#board.isTrue("NodeReady")) {
      this.#readySinceMs = undefined;
      return true;
    }
    this.#readySinceMs ??= this.#clock.monotonic();
    return this.#clock.monotonic() - this.#readySinceMs < JOINING_MS;
  }
}
