// The role of a machine, and what brings it there: user data, or a script.
import type { Administrator, ClusterAccess } from "../../admin/cluster-access.ts";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import { principalOfCaller } from "../../admin/principal.ts";
import type { BootKeys } from "../../admin/user-data/boot-keys.ts";
import type { UserDataRequest } from "../../admin/user-data/user-data.ts";
import { parseKeysFile } from "../../credentials/keys-file.ts";
import { SatelliteError } from "../../errors.ts";
import { optional } from "../../optional.ts";
import { Secret } from "../../secret.ts";
import { type AccessPlan, planAccess } from "../authorize.ts";
import { checkTogether, type UserDataOptions } from "../user-data/options.ts";
import { readRequest, type UserDataContext } from "../user-data/user-data.ts";
import { type LaunchOptions, toUserDataOptions } from "./launch-options.ts";

export interface PrepareContext extends UserDataContext {
  readonly stopSignal: AbortSignal;
  readonly lambda: LambdaApi;
  readonly admin: Administrator;
  readonly say: (line: string) => void;
}

export interface Join {
  readonly request: UserDataRequest;
  readonly keys: BootKeys | undefined;
  readonly userDataOptions: UserDataOptions;
  readonly accessPlan: AccessPlan;
}

/** The role and what brings it to the machine. */
export async function prepareJoin(
  context: PrepareContext,
  access: ClusterAccess,
  { name, options }: { readonly name: string; readonly options: LaunchOptions },
): Promise<Join> {
  // The role's ARN is not known yet, and is none of what is read here.
  const first = await readRequest(context, toUserDataOptions(name, options.roleArn ?? "", options));
  const trustedArn =
    options.createRole === undefined ? undefined : await trustedBy(context, access, { options, keys: first.keys });
  const accessPlan = await planAccess(
    { ...context.admin, access },
    {
      ...{
        cluster: options.cluster,
        region: options.region,
        method: options.method,
        backupFolder: options.backupFolder,
      },
      ...{ nodeName: [name], identity: "hybrid", tunnel: options.tunnel },
      ...optional({ roleArn: options.roleArn, createRole: options.createRole, trustedArn }),
    },
  );
  const roleArn = accessPlan.principal.arn;
  const userDataOptions = toUserDataOptions(name, roleArn, options);
  checkTogether(userDataOptions, first.request.source);
  const request: UserDataRequest = { ...first.request, roleArn, rented: { cloud: "lambda", name } };
  return { request, keys: first.keys, userDataOptions, accessPlan };
}

/** Whose keys the machine gets. @throws options-invalid, credentials-refused */
async function trustedBy(
  { admin }: PrepareContext,
  { partition, account }: ClusterAccess,
  { options, keys }: { readonly options: LaunchOptions; readonly keys: BootKeys | undefined },
): Promise<string> {
  if (options.trustedArn !== undefined) return options.trustedArn;
  if (options.ssmRole !== undefined) return `arn:${partition}:iam::${account}:role/${options.ssmRole}`;
  const refuse = (cause: unknown) =>
    new SatelliteError(
      "options-invalid",
      "--create-role needs --trusted-arn here: whose keys the machine gets is not known",
      {
        hint: "It is the ARN of the user or role whose keys the machine holds: no other may assume the new role.",
        cause,
      },
    );
  if (keys === undefined) throw refuse(undefined);
  const values = parseKeysFile(keys.lines.reveal(), "--credentials-file");
  const arn = await admin.aws
    .getCallerIdentity({
      accessKeyId: values.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: new Secret(values.AWS_SECRET_ACCESS_KEY ?? ""),
      ...(values.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: new Secret(values.AWS_SESSION_TOKEN) }),
    })
    .catch((cause: unknown) => {
      throw refuse(cause);
    });
  const principal = principalOfCaller(arn);
  if (principal === undefined) throw refuse(undefined);
  return principal.arn;
}
