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
  /** The file says something else now, and it is valid. */
  readonly onChange: () => void;
}

/** Returns what looks at the file once; a valid file that nobody has touched costs one read. */
export function createConfigWatch({ host, board, file, config, onChange }: ConfigWatchOptions): () => Promise<void> {
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
      if (!isDeepStrictEqual(next, config)) onChange();
    } catch (error) {
      board.setFailed("ConfigValid", error);
    }
  };
}
