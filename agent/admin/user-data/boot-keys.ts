// The keys that a user gives to a machine: read from a file here, and written in the one form that every reader there knows.
import { parseKeysFile } from "../../credentials/keys-file.ts";
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { Secret } from "../../secret.ts";

const MAX_BYTES = 64 * 1024;
const REQUIRED = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
const OPTIONAL = ["AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"] as const;
/** AWS's keys and tokens are base64, times are ISO 8601: nothing in them means anything to a shell or to systemd. */
const VALUE = /^[\w+/=:.-]+$/;

export interface BootKeys {
  /** Lines of an EnvironmentFile. */
  readonly lines: Secret;
  /** Whether they end by themselves. */
  readonly areTemporary: boolean;
}

/** Reads the file; `-` is standard input. @throws options-invalid, credentials-invalid, file-unreadable, input-too-large */
export async function readBootKeys(
  host: LaptopHost,
  file: string,
  readInput: (maxBytes: number) => Promise<string>,
): Promise<BootKeys> {
  const name = file === "-" ? "standard input" : file;
  const text = file === "-" ? await readInput(MAX_BYTES) : (await host.files.readWithStatus(file, MAX_BYTES))?.text;
  if (text === undefined)
    throw new SatelliteError("options-invalid", `--credentials-file ${file}: there is no such file`, {
      hint: "It has lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=….",
    });
  const keys = parseKeysFile(text, name);
  for (const key of REQUIRED) if (!keys[key]) throw lacks(name, key);
  const given = [...REQUIRED, ...OPTIONAL].filter((key) => keys[key] !== undefined && keys[key] !== "");
  const strange = given.find((key) => !VALUE.test(keys[key] ?? ""));
  if (strange !== undefined)
    throw new SatelliteError("credentials-invalid", `${name}: ${strange} holds what no key of AWS holds`, {
      hint: "Copy it again: letters, digits, +, / and = alone.",
    });
  return {
    lines: new Secret(given.map((key) => `${key}=${keys[key]}\n`).join("")),
    areTemporary: given.includes("AWS_SESSION_TOKEN"),
  };
}

function lacks(name: string, key: string): SatelliteError {
  return new SatelliteError("credentials-invalid", `${name} has no ${key}`, {
    hint: "One line AWS_ACCESS_KEY_ID=… and one AWS_SECRET_ACCESS_KEY=…. Keys of a profile: aws configure export-credentials --format env.",
  });
}
