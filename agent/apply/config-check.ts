// How a candidate of a program's configuration is checked before it replaces the file: one entry a check of plan/readers.ts.
import { sha256 } from "../digest.ts";
import type { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { READERS } from "../plan/readers.ts";
import type { FileResource } from "../plan/resource.ts";
import { checkContainerdConfig, refusalError } from "./containerd-check.ts";
import type { RoundContext } from "./executor.ts";
import { readServiceRecord } from "./service-record.ts";

type CheckName = NonNullable<(typeof READERS)[keyof typeof READERS]["check"]>;

interface ConfigCheck {
  /** Lets the program read the candidate. @throws when the program rejects it */
  readonly check: (host: Host, path: string, content: string) => Promise<void>;
  /** The error of a content on which the service did not come up, when that happens and in every later round. */
  readonly refusalError: (reason: string) => SatelliteError;
}

const CHECKS: Readonly<Record<CheckName, ConfigCheck>> = {
  "containerd-config-dump": { check: checkContainerdConfig, refusalError },
};

/** The check of a file's reader; undefined for a program that is not asked. */
export function configCheckOf({ reader }: FileResource): ConfigCheck | undefined {
  const { check } = READERS[reader];
  return check === undefined ? undefined : CHECKS[check];
}

/** The refusal of this content by the service that was restarted on it, or undefined. */
export async function readRefusal(context: RoundContext, file: FileResource): Promise<SatelliteError | undefined> {
  const check = configCheckOf(file);
  const service = context.resources.find(
    (resource) => resource.kind === "service" && resource.configFile === file.path,
  );
  if (check === undefined || service?.kind !== "service") return undefined;
  const refused = (await readServiceRecord(context, service.unit))?.refused;
  return refused?.configSha256 === sha256(file.content) ? check.refusalError(refused.reason) : undefined;
}
