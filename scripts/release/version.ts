// The version of a release: semver for us, and what Debian sorts the same way.
import { valid } from "semver";
import { SatelliteError } from "../../agent/errors.ts";

/**
 * Takes a version as it stands, and refuses what is not semver 2.0.0 to the letter: `v1.2.3`, `1.2`, ` 1.2.3`.
 * @throws SatelliteError `release-version-invalid`
 */
export function parseVersion(text: string): string {
  // semver takes a leading v or = away, and drops build metadata; what is left must be what was given.
  if (valid(text) === text.replace(/\+[0-9A-Za-z.-]+$/, "")) return text;
  throw new SatelliteError("release-version-invalid", `${JSON.stringify(text)} is not a semver version`, {
    hint: "Write it as major.minor.patch, e.g. 1.2.3 or 1.2.3-rc.1, without a v before it.",
  });
}

/**
 * The version in a Debian control file: `1.2.3-rc.1` becomes `1.2.3~rc.1`, which dpkg sorts before `1.2.3`.
 * Further hyphens become dots: the last one would begin a Debian revision.
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 */
export function debianVersion(version: string): string {
  return version.replace(/^(\d+\.\d+\.\d+)-/, "$1~").replaceAll("-", ".");
}
