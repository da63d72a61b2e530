// The one time that stands in a release: when its source was last changed, never when it was built.
import { SatelliteError } from "../../agent/errors.ts";
import { runTool } from "./tool.ts";

/**
 * Seconds since 1970: SOURCE_DATE_EPOCH when it is set, else the time of the last commit.
 * @throws SatelliteError `release-time-invalid`, `release-time-unknown`
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export async function sourceTimeSeconds(top: string, environment: NodeJS.ProcessEnv): Promise<number> {
  const { SOURCE_DATE_EPOCH: given } = environment;
  if (given !== undefined && given !== "") {
    if (/^\d{1,10}$/.test(given)) return Number(given);
    throw new SatelliteError("release-time-invalid", `SOURCE_DATE_EPOCH is ${JSON.stringify(given)}`, {
      hint: "Set it to seconds since 1970, e.g. $(git log -1 --format=%ct), or unset it.",
    });
  }
  try {
    return Number(await runTool("git", ["log", "-1", "--format=%ct"], { cwd: top }));
  } catch (cause) {
    throw new SatelliteError("release-time-unknown", `git gives no time of a last commit in ${top}`, {
      hint: "Build in a clone of the repository, or set SOURCE_DATE_EPOCH to seconds since 1970.",
      cause,
    });
  }
}
