// Watches the configuration file: a valid change takes effect without a manual restart, a mistake is reported and changes nothing.
import { isDeepStrictEqual } from "node:util";
import type { ConditionBoard } from "../board/conditions.ts";
import type { Host } from "../host/host.ts";
import { isNodeNamed, loadConfigOrLastGood } from "./load.ts";
import { createNodeNameWatch } from "./node-name-watch.ts";
import type { Config } from "./schema.ts";

export interface ConfigWatchOptions {
  readonly host: Host;
  readonly board: ConditionBoard;
  readonly file: string;
  /** The configuration in force. */
  readonly config: Config;
  readonly emit: (event: ConfigEvent) => void;
}

/** The file is valid and differs from the configuration in force. */
export type ConfigEvent = { readonly kind: "config-changed" };

/** Returns a round that checks the file once; an unchanged valid file costs one read. */
export function createConfigWatch({ host, board, file, config, emit }: ConfigWatchOptions): () => Promise<void> {
  const watchNodeName = createNodeNameWatch({ host, board, config });
  let last: string | undefined;
  return async () => {
    const text = await host.files.read(file);
    await watchNodeName(text !== undefined && isNodeNamed(text));
    if (text !== undefined && text === last) return;
    last = undefined;
    try {
      const { config: next, problem } = await loadConfigOrLastGood(host, file);
      if (problem === undefined) last = text; // A failed copy is tried again: the file may stay the same while a full disk gets room.
      if (problem === undefined) board.setTrue("ConfigValid", "Valid", "the configuration file is in force");
      else board.setFailed("ConfigValid", problem);
      if (!isDeepStrictEqual(next, config)) emit({ kind: "config-changed" });
    } catch (error) {
      board.setFailed("ConfigValid", error);
    }
  };
}
