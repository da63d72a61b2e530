// Runs a command that prints keys, as credential_process of AWS's SDKs. The program is not ours: it may hang, print anything,
// and print secrets where it should not.
import * as z from "zod";
import { hasCode, SatelliteError } from "../errors.ts";
import type { SessionKeys } from "../host/aws.ts";
import type { Host, RunResult } from "../host/host.ts";
import { createRedactor } from "../redact/redactor.ts";
import { toSessionKeys } from "./source-keys.ts";

export interface CredentialProcess {
  readonly command: string;
  readonly args: readonly string[];
  /** Its name in errors. Its arguments may hold secrets. */
  readonly name: string;
  /** Its configuration key, for hints, e.g. `credentials.process`. */
  readonly key: string;
  /** Turns the message of a failed program into a better error, if it can. */
  readonly explain?: (words: string) => SatelliteError | undefined;
}

const TIMEOUT_SECONDS = 60;
const MAX_WORDS = 300;
/** The line of an error output that says why the program failed. */
const REASON_LINE = /\b\w*(Exception|[Ee]rror)\b/;

/** `ExpiredTokenException`, `AccessDenied`, `ENOENT`: words of programs' libraries, in which there is no room for a secret. */
const ERROR_NAME = /\b(?:(?:[A-Z][a-z]{1,20}){1,6}(?:Exception|Error|Fault)|AccessDenied|E[A-Z]{4,12})\b/;

/** Output of a credential_process (AWS SDKs and Tools reference, "Process credential provider"). Empty values count as absent. */
const outputSchema = z.object({
  Version: z.literal(1),
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  SessionToken: z.string().nullish(),
  Expiration: z.string().nullish(),
});

/**
 * Runs a command to its end and returns the keys that it prints.
 * @throws credentials-missing, credentials-invalid, command-missing, command-timeout, and what `explain` returns
 */
export async function runCredentialProcess(host: Host, program: CredentialProcess): Promise<SessionKeys> {
  const { exitCode, stdout, stderr } = await run(host, program);
  const { name, key, explain } = program;
  if (exitCode !== 0) {
    const words = readReason(stderr);
    const plain = new SatelliteError(
      "credentials-missing",
      `${name} exited with ${exitCode}${words === "" ? " and printed no error" : namedError(words, explain !== undefined)}`,
      { hint: `Run the command of ${key} by hand, as root.` },
    );
    throw explain?.(words) ?? plain;
  }
  const parsed = outputSchema.safeParse(parseJson(stdout));
  if (!parsed.success) {
    // The output is not shown: it may hold a secret.
    throw new SatelliteError(
      "credentials-invalid",
      `${name} did not print credentials: ${z.prettifyError(parsed.error)}`,
      { hint: `It must print {"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"} as JSON.` },
    );
  }
  const { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token, Expiration: expiration } = parsed.data;
  return toSessionKeys({ id, secret, token, expiration }, name);
}

async function run(host: Host, { command, args, name, key }: CredentialProcess): Promise<RunResult> {
  try {
    return await host.run(command, args, { timeoutSeconds: TIMEOUT_SECONDS });
  } catch (error) {
    if (!hasCode(error, "command-timeout")) throw error;
    // The original error contains the arguments.
    throw new SatelliteError("command-timeout", `${name} did not end in ${TIMEOUT_SECONDS} s and was killed`, {
      hint: `Run the command of ${key} by hand to see where it hangs; it must not ask questions.`,
    });
  }
}

/** The name of the error alone: every pod can read the conditions, and a program's words may hold anything. AWS's own helper is known. */
function namedError(words: string, isKnown: boolean): string {
  if (isKnown) return `: ${words}`;
  const [name] = ERROR_NAME.exec(words) ?? [];
  return name === undefined ? "" : `: ${name}`;
}

function readReason(stderr: string): string {
  const lines = stderr.trim().split("\n");
  const line = lines.find((each) => REASON_LINE.test(each)) ?? lines.at(-1) ?? "";
  return createRedactor([]).text(line).trim().slice(0, MAX_WORDS);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined; // The schema reports what was expected.
  }
}
