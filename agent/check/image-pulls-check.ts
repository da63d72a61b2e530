// Whether images can be pulled: ECR gets a request with ecr-credential-provider's credentials, each configured registry and mirror one to its API.
import { rootCertificates } from "node:tls";
import * as z from "zod";
import { ecrHostname, serviceHostname } from "../aws/aws-endpoints.ts";
import { networkProblemOf } from "../aws/network-error.ts";
import { runPaths } from "../config/paths.ts";
import type { Registry } from "../config/registry-schema.ts";
import type { Config } from "../config/schema.ts";
import { checkPrivateProgram } from "../credentials/private-file.ts";
import { describe } from "../errors.ts";
import { readContainerdFacts } from "../facts/containerd-facts.ts";
import type { Host } from "../host/host.ts";
import { credentialProviderEnvironment } from "../plan/credential-provider.ts";
import { findConflict, readRegistryTable } from "../plan/registries.ts";
import { type Check, configured, type Finding, fail, ok, unknown, warn } from "./check.ts";
import type { CheckContext } from "./context.ts";

const TIMEOUT_SECONDS = 5;
const PULL_ACTIONS =
  "ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer";
const OWN_PROBLEM =
  "The service itself has a problem, or too many requests; nothing is wrong here. Compare with the AWS Health Dashboard, and check again later.";
/** The worst finding comes first. */
const ORDER = ["fail", "warn", "pending", "unknown", "ok"] as const;

/** https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/ */
const responseSchema = z.object({
  auth: z.record(z.string(), z.object({ username: z.string(), password: z.string() })),
});

export const IMAGE_PULLS_CHECK: Check = configured({
  name: "image-pulls",
  checks: "ECR accepts the credentials, and each configured registry and mirror answers",
  run: async (context, config) => {
    const registries = Object.entries(config.containerd.registries);
    const findings = await Promise.all([
      tryEcr(context, config),
      ...(registries.length === 0 ? [] : [checkConflict(context.host, config)]),
      ...registries.flatMap(([name, registry]) =>
        listServers(name, registry).map((server) => tryServer(context.host, name, server)),
      ),
    ]);
    return joinFindings(findings.filter((finding) => finding !== undefined));
  },
});

/** One finding of many: the worst outcome, all evidence, the first remedy of that outcome. */
function joinFindings(findings: readonly Finding[]): Finding {
  const sorted = findings.toSorted((one, other) => ORDER.indexOf(one.outcome) - ORDER.indexOf(other.outcome));
  const [worst = ok("nothing is configured")] = sorted;
  return { ...worst, evidence: sorted.map(({ evidence }) => evidence).join("; ") };
}

async function checkConflict(host: Host, { containerd: { configFile } }: Config): Promise<Finding | undefined> {
  const found = await readContainerdFacts(host, configFile);
  const conflict = findConflict(readRegistryTable(found), found.version);
  if (conflict === undefined) return undefined;
  return fail(
    `${configFile} has ${conflict}, beside which containerd does not read containerd.registries`,
    `Move their settings to containerd.registries, and remove them from ${configFile}.`,
  );
}

/** The registry of the node's own account may be empty: credentials that it accepts are valid for ECR. */
async function tryEcr({ host, caller }: CheckContext, config: Config): Promise<Finding> {
  const { path } = config.imageCredentialProvider;
  const { awsCredentials } = runPaths(config.runFolder);
  if ((await host.files.status(path)) === undefined)
    return warn(`there is no ${path}: no pulls from ECR`, "artifacts.install: auto downloads it.");
  if ((await host.files.status(awsCredentials)) === undefined)
    return unknown(
      `ECR: ${awsCredentials} does not exist yet`,
      "eks-satellite run writes it, with its short-lived keys.",
    );
  const arn = await caller().catch(() => undefined); // See aws-identity.
  await checkPrivateProgram(host, path);
  if (arn === undefined) return unknown("ECR: AWS does not say which account this is");
  const registry = ecrHostname(config, arn.split(":")[4] ?? "");
  const request = { kind: "CredentialProviderRequest", apiVersion: "credentialprovider.kubelet.k8s.io/v1" };
  const answer = await host.run(
    "/bin/sh",
    ["-c", 'printf %s "$1" | "$0"', path, JSON.stringify({ ...request, image: `${registry}/any` })],
    {
      ...{ timeoutSeconds: TIMEOUT_SECONDS },
      environment: credentialProviderEnvironment(config, awsCredentials),
    },
  );
  if (answer.exitCode !== 0) {
    const [reason = ""] = answer.stderr.trim().split("\n").slice(-1);
    return warn(
      `ecr-credential-provider fails with ${answer.exitCode}: ${reason.slice(0, 400)}`,
      remedyOf(reason, arn, serviceHostname("api.ecr", config.cluster.region)),
    );
  }
  return tryCredentials(host, registry, readCredentials(answer.stdout), config.cluster.region);
}

/** Go's SDK reports the status of an answer, or Go's own words for none. */
function remedyOf(reason: string, arn: string, endpoint: string): string {
  const status = Number(/StatusCode: (\d{3})/.exec(reason)?.[1] ?? 0);
  if (isOwnProblem(status) || /Throttl|ServerException|ServiceUnavailable/.test(reason)) return OWN_PROBLEM;
  if (status === 0 && /no such host|dial tcp|i\/o timeout|deadline exceeded|TLS handshake/.test(reason))
    return `Check the network from this machine to ${endpoint}, port 443.`;
  return `Allow ${PULL_ACTIONS} to ${arn}, if the node pulls from ECR.`;
}

/** Whether an answer is about the service's state, and not about who asks. */
function isOwnProblem(status: number): boolean {
  return status === 429 || status >= 500;
}

async function tryCredentials(
  host: Host,
  registry: string,
  basic: string | undefined,
  region: string,
): Promise<Finding> {
  if (basic === undefined)
    return warn(
      `ecr-credential-provider gives nothing for ${registry}`,
      "Is it the one of Kubernetes' cloud-provider-aws?",
    );
  try {
    const headers = { authorization: `Basic ${basic}` };
    const { status } = await host.fetch({ url: `https://${registry}/v2/`, headers, timeoutSeconds: TIMEOUT_SECONDS });
    if (isOwnProblem(status)) return warn(`${registry} answers ${status}`, OWN_PROBLEM);
    if (status === 200) return ok(`${registry} takes the credentials of ecr-credential-provider`);
    return warn(
      `${registry} answers ${status} to the credentials of ecr-credential-provider`,
      `Allow ${PULL_ACTIONS}.`,
    );
  } catch (error) {
    return warn(
      `${registry} does not answer (${networkProblemOf(error)})`,
      `Pulls from ECR need https://${registry}, and its layers https://prod-*-starport-layer-bucket.${serviceHostname("s3", region)}.`,
    );
  }
}

function readCredentials(stdout: string): string | undefined {
  try {
    const [first] = Object.values(responseSchema.parse(JSON.parse(stdout)).auth);
    return first === undefined ? undefined : Buffer.from(`${first.username}:${first.password}`).toString("base64");
  } catch {
    return undefined;
  }
}

/** A server that containerd asks for images of one registry. */
interface Server {
  readonly url: string;
  readonly ca?: string | undefined;
  /** Why this check cannot ask as containerd does. */
  readonly obstacle?: string | undefined;
}

/** `_default` stands for all other registries, whose names are unknown here. */
function listServers(name: string, { server, ca, skipVerify, mirrors }: Registry): readonly Server[] {
  const fallback = name === "docker.io" ? "https://registry-1.docker.io" : `https://${name}`;
  const own = { url: `${server ?? fallback}/v2/`, ca, obstacle: skipVerify ? "skipVerify" : undefined };
  return [
    ...mirrors.map((mirror) => ({
      url: mirror.overridePath ? mirror.url : `${mirror.url.replace(/\/$/, "")}/v2/`,
      ca: mirror.ca,
      obstacle: mirror.skipVerify
        ? "skipVerify"
        : mirror.clientCertificate === undefined
          ? undefined
          : "clientCertificate",
    })),
    ...(name === "_default" && server === undefined ? [] : [own]),
  ];
}

async function tryServer(host: Host, name: string, { url, ca, obstacle }: Server): Promise<Finding> {
  if (obstacle !== undefined) return unknown(`${name}: ${url} has ${obstacle}, and is not asked`);
  try {
    const caPem = ca === undefined ? undefined : await host.files.read(ca);
    if (ca !== undefined && caPem === undefined)
      return fail(`${name}: there is no ${ca}`, "Put the certificate authority of the registry there (PEM).");
    const { status } = await host.fetch({
      url,
      timeoutSeconds: TIMEOUT_SECONDS,
      // containerd trusts the system's authorities as well.
      ...(caPem === undefined ? {} : { caPem: [caPem, ...rootCertificates].join("\n") }),
    });
    // 401 is the answer of a registry that requires authentication.
    if (status === 200 || status === 401) return ok(`${name}: ${url} answers`);
    if (isOwnProblem(status))
      return warn(
        `${name}: ${url} answers ${status}`,
        "The registry itself has a problem, or too many requests: see its own log.",
      );
    return warn(`${name}: ${url} answers ${status}`, "Is it a registry? GET /v2/ has to answer 200 or 401.");
  } catch (error) {
    const problem = networkProblemOf(error);
    const words = problem === "other" ? describe(error).message : problem;
    return warn(
      `${name}: ${url} does not answer (${words})`,
      `curl -v ${url}; its own certificate authority belongs into ca.`,
    );
  }
}
