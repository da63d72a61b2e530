// Changes aws-auth: the old text is saved first, a concurrent edit is never overwritten, and the result is read back.
import { stringify } from "yaml";
import { hasCode, SatelliteError } from "../errors.ts";
import type { ConfigMap } from "../host/kubernetes-admin.ts";
import type { LaptopHost } from "../host/laptop/types.ts";
import type { AwsAuthData, AwsAuthEdit } from "./aws-auth.ts";
import { type Change, diffOf } from "./change.ts";
import type { AwsAuthApi } from "./config-map-api.ts";
import { AWS_AUTH } from "./kubernetes-call.ts";

/** More conflicts in a row than this mean that another controller keeps writing aws-auth. */
const MAX_ATTEMPTS = 5;
const RETRY_MILLISECONDS = 200;

export interface AwsAuthChangeOptions {
  /** The edit for the current content; undefined when nothing is left to do. */
  readonly edit: (data: AwsAuthData) => AwsAuthEdit | undefined;
  /** Where the ConfigMap before the change is kept. */
  readonly backupFile: string;
}

export interface AwsAuthContext {
  readonly host: Pick<LaptopHost, "files" | "clock">;
  readonly access: { readonly awsAuth: AwsAuthApi };
}

/** Plans the change of a ConfigMap that was read; undefined when there is nothing to do. @throws what `edit` throws */
export function planAwsAuthChange(
  context: AwsAuthContext,
  seen: ConfigMap | undefined,
  options: AwsAuthChangeOptions,
): Change | undefined {
  const edit = options.edit(seen?.data ?? {});
  if (edit === undefined) return undefined;
  const target = `${edit.key} in aws-auth`;
  return {
    target,
    action: edit.before === undefined ? "create" : "update",
    diff: diffOf(target, edit.before, edit.after),
    apply: (print) => changeAwsAuth(context, seen, { ...options, print }),
  };
}

/** Applies the edit to the content that was read, and again to newer content after each conflict. @throws aws-auth-conflict, aws-auth-readback, disk-full, file-unwritable */
async function changeAwsAuth(
  { host, access: { awsAuth: api } }: AwsAuthContext,
  seen: ConfigMap | undefined,
  { edit, backupFile, print }: AwsAuthChangeOptions & { readonly print: (line: string) => void },
): Promise<void> {
  for (let attempt = 1, present = seen; ; attempt += 1) {
    const change = edit(present?.data ?? {});
    if (change === undefined) return print("aws-auth: another client has made the same change");
    if (present !== undefined) await saveBackup(host, backupFile, present, print);
    try {
      await api.write(change, present);
      return await readBack(api, { edit, backupFile });
    } catch (error) {
      if (!hasCode(error, "aws-auth-conflict")) throw error;
      if (attempt === MAX_ATTEMPTS) throw contended(error);
      print("aws-auth: changed by another client; applying the change to the new content");
      await host.clock.sleep(RETRY_MILLISECONDS * attempt);
      present = await api.read();
    }
  }
}

function contended(cause: unknown): SatelliteError {
  return new SatelliteError(
    "aws-auth-conflict",
    `${AWS_AUTH} was changed by another client ${MAX_ATTEMPTS} times in a row`,
    {
      hint: "This command changed nothing. Find out what writes it (a GitOps controller, Terraform), and make the change there.",
      cause,
    },
  );
}

/** A manifest that `kubectl replace` takes as it is. It may list the whole team's access, so only its owner may read it. */
async function saveBackup(
  { files }: Pick<LaptopHost, "files">,
  file: string,
  { metadata: { labels, annotations }, data }: ConfigMap,
  print: (line: string) => void,
): Promise<void> {
  const metadata = { name: "aws-auth", namespace: "kube-system", labels, annotations };
  const manifest = stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { lineWidth: 0 });
  await files.write(file, manifest, { mode: 0o600 });
  print(`aws-auth: saved in ${file}; kubectl replace --filename ${file} restores it`);
}

/** The stored text must parse, and must leave nothing of the edit to do; other clients may have added entries since. */
async function readBack(api: AwsAuthApi, { edit, backupFile }: AwsAuthChangeOptions): Promise<void> {
  if (edit((await api.read())?.data ?? {}) === undefined) return;
  throw new SatelliteError("aws-auth-readback", `${AWS_AUTH} does not hold what was written a moment ago`, {
    hint: `Another client writes it too: compare kubectl get configmap aws-auth --namespace kube-system --output yaml with ${backupFile}.`,
  });
}
