// The folders of the agent's own: of each what the agent puts there is removed, and then the folder, if nothing else is in it.
import { basename } from "node:path/posix";
import { LAST_GOOD_CONFIG_PATH } from "../config/load.ts";
import type { LocalConfig } from "../config/machine-config.ts";
import { lockPath, runPaths, statePaths } from "../config/paths.ts";
import type { Host } from "../host/host.ts";
import { removeTree } from "./mounts.ts";

export interface OwnFolder {
  readonly path: string;
  /** Names that the agent gives to what it puts there. */
  readonly names: readonly string[];
}

const LAST_GOOD_FOLDER = LAST_GOOD_CONFIG_PATH.slice(0, LAST_GOOD_CONFIG_PATH.lastIndexOf("/"));

/** In the order in which they are removed: the state folder, which holds what is to be restored, goes last. */
export function ownFolders({ stateFolder, runFolder }: Pick<LocalConfig, "stateFolder" | "runFolder">): {
  readonly run: OwnFolder;
  readonly lastGood: OwnFolder;
  readonly state: OwnFolder;
} {
  const lastGood = basename(LAST_GOOD_CONFIG_PATH);
  const state = [...Object.values(statePaths(stateFolder)), lockPath(stateFolder)].map((path) => basename(path));
  return {
    run: { path: runFolder, names: Object.values(runPaths(runFolder)).map((path) => basename(path)) },
    lastGood: { path: LAST_GOOD_FOLDER, names: LAST_GOOD_FOLDER === stateFolder ? [...state, lastGood] : [lastGood] },
    state: { path: stateFolder, names: LAST_GOOD_FOLDER === stateFolder ? [...state, lastGood] : state },
  };
}

/** Returns what is left there, which the agent did not put there. */
export async function removeOwnFolder(host: Host, { path, names }: OwnFolder): Promise<readonly string[]> {
  for (const name of await host.files.list(path)) if (isOwn(name, names)) await removeTree(host, `${path}/${name}`);
  const left = await host.files.list(path);
  if (left.length > 0)
    return [`${path} stays: it holds ${left.slice(0, 5).join(", ")}, which eks-satellite did not put there`];
  await host.files.removeEmptyFolder(path);
  return [];
}

/** Its own name, or that of a file beside it that was being written when the power went: `.NAME.0123456789ab.tmp`. */
function isOwn(name: string, names: readonly string[]): boolean {
  return (
    names.includes(name) ||
    (/^\..{1,100}\.[0-9a-f]{12}\.tmp$/.test(name) && names.some((own) => name.startsWith(`.${own}.`)))
  );
}
