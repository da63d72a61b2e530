// What the commands of `machine` share: the key of Lambda Cloud, and its client, which is loaded when such a command runs.
import { Option } from "commander";
import type { LambdaApi } from "../../admin/lambda/api.ts";
import type { LaptopContext } from "../context.ts";

export interface LambdaOptions {
  readonly lambdaKeyFile?: string;
}

/** Creates `--lambda-key-file`. */
export function lambdaKeyOption(): Option {
  return new Option(
    "--lambda-key-file <file>",
    "file of mode 0600 with the key of Lambda Cloud (default: LAMBDA_API_KEY, else ~/.lambda_cloud/lambda_keys)",
  );
}

/** Loads the client: the daemon never holds it. @throws lambda-key-missing, credentials-exposed, … */
export async function openLambda(
  { host, environment }: Pick<LaptopContext, "host" | "environment">,
  { lambdaKeyFile }: LambdaOptions,
): Promise<LambdaApi> {
  const [{ readLambdaAccess }, { createLambda }] = await Promise.all([
    import("../../admin/lambda/access.ts"),
    import("../../admin/lambda/client.ts"),
  ]);
  return createLambda(host, await readLambdaAccess(host, environment, lambdaKeyFile));
}
