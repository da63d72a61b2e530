// The version of this program, as its package says.
import manifest from "../package.json" with { type: "json" };

/** E.g. `0.1.0`. */
export const VERSION: string = manifest.version;
