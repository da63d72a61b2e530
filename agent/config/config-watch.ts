// The configuration file, looked at again and again: a valid change is put in force without anybody's restart, a mistake is told and changes nothing.
import { isDeepStrictEqual } from "node:util";
import type { ConditionBoard } from "../board/conditions.ts";
import type { Host } from "../host/host.ts";
import { loadConfigOrLastGood } from "./load.ts";
import type { Config } from "./schema.ts";

export interface ConfigWatchOptions {
  readonly host: Host;
  readonly board: ConditionBoard;
  readonly file: string;
  /** The configuration in force. */
  readonly config: Config;
  readonly emit: (event: ConfigEvent) => void;
}

/** The file says something else than the configuration in force, and it is valid. */
export type ConfigEvent = { readonly kind: "config-changed" };

/** Returns what looks at the file once; a valid file that nobody has touched costs one read. */
export function createConfigWatch({ host, board, file, config, emit }: ConfigWatchOptions): () => Promise<void> {
  let last: string | undefined;
  return async () => {
    const text = await host.files.read(file);
    if (text !== undefined && text === last) return;
    last = undefined;
    try {
      const { config: next, problem } = await loadConfigOrLastGood(host, file);
      if (problem === undefined) last = text; // What went wrong is tried again: a full disk is emptied, and the file stays as it is.
      if (problem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
      else board.setFailed("ConfigValid", problem);
      if (!isDeepStrictEqual(next, config)) emit({ kind: "config-changed" });
    } catch (error) {
      board.setFailed("ConfigValid", error);
    }
  };
}
