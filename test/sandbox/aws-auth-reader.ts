// aws-auth as aws-iam-authenticator itself reads it: documents in, what it takes from them out.
import { execa } from "execa";
import { buildAwsAuthReader } from "./go-builds.ts";
import { Progress } from "./step.ts";

/** An entry as the authenticator keeps it. */
export interface AuthenticatorEntry {
  readonly rolearn?: string;
  readonly userarn?: string;
  readonly username: string;
  readonly groups: readonly string[] | null;
}

/** What the authenticator takes from a ConfigMap. */
export interface AuthenticatorAnswer {
  readonly roles: readonly AuthenticatorEntry[];
  readonly users: readonly AuthenticatorEntry[];
  /** What it logs; it uses what it could read all the same. */
  readonly error?: string;
  /** Keys of which it reads nothing, because their text is no YAML to it. */
  readonly unreadable?: readonly string[];
}

/** Asks the authenticator's reader about each of the documents. */
export async function readAsAuthenticator(
  documents: readonly Readonly<Record<string, string>>[],
): Promise<readonly AuthenticatorAnswer[]> {
  const program = await buildAwsAuthReader(new Progress());
  const { stdout } = await execa(program, { input: documents.map((data) => `${JSON.stringify(data)}\n`).join("") });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuthenticatorAnswer);
}
