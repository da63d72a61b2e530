// `eks-satellite user-data`: the text that makes a fresh machine of any cloud this node.
import { resolve } from "node:path";
import type { Command } from "commander";
import { readKeys } from "../../admin/cluster-access.ts";
import { readAuthorities } from "../../admin/user-data/authorities.ts";
import { type BootKeys, readBootKeys } from "../../admin/user-data/boot-keys.ts";
import { encodeUserData, explainSize } from "../../admin/user-data/encode.ts";
import { type PinnedRelease, RELEASE_ARCHITECTURES } from "../../admin/user-data/pinned-release.ts";
import { parseSetting } from "../../admin/user-data/settings.ts";
import { type Activation, activationParameters, createActivation } from "../../admin/user-data/ssm-activation.ts";
import { renderUserData, type UserDataRequest } from "../../admin/user-data/user-data.ts";
import { SatelliteError } from "../../errors.ts";
import type { AwsKeys } from "../../host/aws.ts";
import { Secret } from "../../secret.ts";
import { readChainKeys } from "../admin-clients.ts";
import type { LaptopContext } from "../context.ts";
import { addUserDataOptions, checkTogether, keySourceOf, type UserDataOptions } from "./options.ts";
import { pinWanted } from "./release-options.ts";

export interface UserDataContext
  extends Pick<LaptopContext, "host" | "environment" | "print" | "printError" | "isTerminal" | "readInput"> {
  /** The administrator's own, for SSM alone. */
  readonly readKeys: () => Promise<AwsKeys>;
}

/** As long as the installer's own. */
const DEFAULT_WAIT_SECONDS = 300;
/** The metadata service of most clouds, which no proxy reaches. */
const DEFAULT_EXCEPTIONS = "169.254.169.254";
const MODE = 0o600;

/** Adds `user-data`. */
export function register(program: Command, context: LaptopContext): void {
  addUserDataOptions(program.command("user-data"))
    .description("administrator: print the user data, or the script, that makes a fresh machine of any cloud this node")
    .action((options: UserDataOptions) => {
      const { host, environment, print, printError, isTerminal, readInput } = context;
      const ofChain = { readKeys: () => readChainKeys(options) };
      return userDataCommand({ host, environment, print, printError, isTerminal, readInput, ...ofChain }, options);
    });
}

/** Prints or writes the text. @throws options-invalid, secret-on-terminal, config-invalid, credentials-invalid, what pinRelease and createActivation do */
export async function userDataCommand(context: UserDataContext, options: UserDataOptions): Promise<void> {
  const { host, print, printError } = context;
  const { encoding, output } = options;
  const { request, keys } = await readRequest(context, options);
  refuseOnTerminal(context, options, renderUserData(request).secrets);
  const release = await pinWanted(context, options);
  const activation = request.source === "ssm" ? await activate(context, options) : undefined;
  const encoded = encodeUserData(renderUserData({ ...request, release, activation }).text, encoding);
  if (output === undefined) print(encoded.text);
  else await host.files.write(resolve(output), encoded.text, { mode: MODE });
  for (const note of notesOf(request, { keys, release })) printError(`! ${note}\n`);
  if (output !== undefined) printError(`${output} is written, mode 0600\n`);
  printError(`${explainSize(encoded, encoding)}\n`);
}

/** Reads what the options name; stand-ins take the place of what others have to be asked for. */
export async function readRequest(
  { host, readInput }: Pick<UserDataContext, "host" | "readInput">,
  options: UserDataOptions,
): Promise<{ readonly request: UserDataRequest; readonly keys: BootKeys | undefined }> {
  const settings = options.set.map(parseSetting);
  const source = keySourceOf(options, settings);
  checkTogether(options, source);
  const file = options.credentialsFile;
  const keys = file === undefined ? undefined : await readBootKeys(host, file, readInput);
  const { cluster, region, nodeName, identity, eni, roleArn, format, proxy } = options;
  const request = {
    ...{ cluster, region, nodeName, identity, eni, roleArn, format, proxy, settings, source },
    keys: keys?.lines,
    noProxy: proxy === undefined ? undefined : (options.proxyExceptions ?? DEFAULT_EXCEPTIONS),
    caPem: options.ca === undefined ? undefined : await readAuthorities(host, options.ca),
    waitSeconds: options.wait ?? (source === "later" ? 0 : DEFAULT_WAIT_SECONDS),
    release: { version: options.eksSatelliteVersion, baseUrl: "", sums: {} },
    activation: source === "ssm" ? { id: "", code: new Secret(""), region } : undefined,
  };
  return { request, keys };
}

/** @throws secret-on-terminal */
function refuseOnTerminal(
  { isTerminal }: UserDataContext,
  { output, showSecrets }: UserDataOptions,
  secrets: readonly string[],
): void {
  if (secrets.length === 0 || output !== undefined || showSecrets || !isTerminal()) return;
  throw new SatelliteError("secret-on-terminal", `the text holds ${secrets.join(" and ")}, and this is a terminal`, {
    hint: "--output FILE writes it with mode 0600; --show-secrets prints it all the same.",
  });
}

/** Makes the SSM activation, and says so. @throws what createActivation does */
export async function activate(
  context: Pick<UserDataContext, "host" | "printError" | "readKeys">,
  {
    region,
    cluster,
    nodeName,
    ssmRole: role = "",
  }: Pick<UserDataOptions, "region" | "cluster" | "nodeName" | "ssmRole">,
): Promise<Activation> {
  const { host, printError } = context;
  const keys = await readKeys(context);
  const now = host.clock.now();
  const request = { region, cluster, nodeName, role };
  const activation = await createActivation(host, keys, request, now);
  printError(
    `+ SSM activation ${activation.id} in ${region}: ssm:CreateActivation ${JSON.stringify(activationParameters(request, now))}\n`,
  );
  return activation;
}

/** What a user should know of the text. */
export function notesOf(
  { source, nodeName }: UserDataRequest,
  { keys, release }: { readonly keys: BootKeys | undefined; readonly release: PinnedRelease },
): readonly string[] {
  const missing = RELEASE_ARCHITECTURES.filter((architecture) => release.sums[architecture] === undefined);
  return [
    ...(source === "ssm"
      ? [
          "the SSM agent's part (its download address, its registration file) is not checked against AWS and was never run: watch the first machine's /var/log/cloud-init-output.log",
        ]
      : []),
    ...(keys?.areTemporary === true
      ? ["the keys are temporary: a machine that boots after their end joins no cluster"]
      : []),
    ...(nodeName === undefined && source !== "ssm"
      ? [
          "without --node-name the Node is named after the machine's host name, and the keys must be able to be that Node",
        ]
      : []),
    ...(source === "later"
      ? ["the node joins when its keys are in /etc/eks-satellite/credentials, mode 0600, of root"]
      : []),
    ...missing.map(
      (architecture) => `release ${release.version} has no tarball for ${architecture}: the text does not work there`,
    ),
  ];
}
