// Watches the configuration file: a valid change takes effect without a manual restart, a mistake is reported and changes nothing.
import { isDeepStrictEqual } from "node:util";
import type { ConditionBoard } from "../board/conditions.ts";
import { describe } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { Retry } from "../loop/retry.ts";
import { keepAsLastGood, loadConfigOrLastGood, trialFailed } from "./in-force.ts";
import type { Config } from "./schema.ts";

export interface ConfigWatchOptions {
  readonly host: Host;
  readonly board: ConditionBoard;
  readonly file: string;
  /** The configuration in force. */
  readonly config: Config;
  /** Tries one that would make this machine another node, without changing anything. @throws what is not true of it */
  readonly tryConfig: (candidate: Config) => Promise<void>;
  readonly emit: (event: ConfigEvent) => void;
}

/** The file is valid and differs from the configuration in force. */
export type ConfigEvent = { readonly kind: "config-changed" };

/** Returns a round that checks the file once; an unchanged valid file costs one read. */
export function createConfigWatch(options: ConfigWatchOptions): () => Promise<void> {
  const { host, board, file, config, emit } = options;
  let last: string | undefined;
  const tryOut = createTrial(options);
  return async () => {
    const text = await host.files.read(file);
    if (text !== undefined && text === last) return;
    last = undefined;
    try {
      const { config: next, problem, candidate } = await loadConfigOrLastGood(host, file);
      if (candidate !== undefined) return await tryOut(candidate, problem);
      if (problem === undefined) last = text; // A failed copy is tried again: the file may stay the same while a full disk gets room.
      if (problem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
      else board.setFailed("ConfigValid", problem);
      if (!isDeepStrictEqual(next, config)) emit({ kind: "config-changed" });
    } catch (error) {
      board.setFailed("ConfigValid", error);
    }
  };
}

/** A candidate is in force once it has proven true and its copy is kept: the next run would try it again otherwise. */
function createTrial({ host, board, file, tryConfig, emit }: ConfigWatchOptions) {
  const retry = new Retry({ host, isNeeded: () => board.isFailing("ConfigValid") });
  return async (candidate: Config, problem: unknown): Promise<void> => {
    if (!board.isFailing("ConfigValid")) board.setFailed("ConfigValid", problem);
    if (!retry.isDue()) return;
    try {
      await tryConfig(candidate);
      const unkept = await keepAsLastGood(host, file);
      if (unkept !== undefined) throw unkept;
      emit({ kind: "config-changed" });
    } catch (error) {
      board.setFailed("ConfigValid", trialFailed(file, describe(error)));
    }
  };
}
