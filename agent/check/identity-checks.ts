// Who this machine is: to itself (its configuration), to AWS, and to the cluster.
import { X509Certificate } from "node:crypto";
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { isLongLived, LONG_LIVED_KEYS } from "../credentials/credentials.ts";
import { describe, hasCode } from "../errors.ts";
import { checkVersionSkew } from "../facts/preflight.ts";
import { createVersionReader } from "../facts/versions.ts";
import { explainCordon } from "../gpu/gpu-cordon.ts";
import { isSignedBy, servesElsewhere } from "../kubelet/serving-certificates.ts";
import { type ApiClientOptions, createApiClient } from "../kubernetes/api-client.ts";
import { createNodeApi } from "../kubernetes/node-client.ts";
import { type ApiUser, readOwnUser } from "../kubernetes/self-subject-review.ts";
import { isoTime } from "../time.ts";
import { type Check, configured, type Finding, fail, failed, ok, unknown, warn } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { CREDENTIAL_CHECKS } from "./credential-checks.ts";
import { NODE_NAME_CHECK } from "./node-name-check.ts";
import { REMOTE_NETWORK_CHECK, readNodeAddress } from "./remote-network-check.ts";
import { sessionNameRemedy } from "./session-name.ts";

const DEADLINE_SECONDS = 5;

export const IDENTITY_CHECKS: readonly Check[] = [
  {
    name: "config",
    checks: "the configuration file is there and valid",
    run: async ({ config, configProblem }) =>
      configProblem === undefined
        ? ok(`node ${config?.node.name} of ${config?.cluster.name}, identity ${config?.node.identity}`)
        : failed(configProblem),
  },
  NODE_NAME_CHECK,
  ...CREDENTIAL_CHECKS,
  configured({
    name: "assume-role",
    checks: "the keys become a session of the role",
    run: async ({ keys: read }, { credentials }) => {
      const keys = await read();
      if (isLongLived(keys)) return warn(LONG_LIVED_KEYS.message, LONG_LIVED_KEYS.hint);
      const { expiresAtMs } = keys;
      const until = expiresAtMs === undefined ? "" : ` until ${isoTime(expiresAtMs)}`;
      return ok(
        credentials.assumeRole === undefined ? `session keys${until}` : `${credentials.assumeRole.arn}${until}`,
      );
    },
  }),
  configured({
    name: "aws-identity",
    checks: "AWS knows the session, and its name is the node's",
    run: async ({ caller, keys }, config) => {
      if ((await keys().catch(() => undefined)) === undefined)
        return unknown("there are no keys to ask with: see assume-role");
      // A policy can deny even this call; then nothing is wrong yet.
      return caller()
        .then((arn) => {
          const remedy = sessionNameRemedy(arn, config);
          // An entry of aws-auth may name the node whatever the session: cluster-identity knows.
          return remedy === undefined ? ok(arn) : warn(`${arn} is not named ${config.node.name}`, remedy);
        })
        .catch((error: unknown) => failed(error, "unknown"));
    },
  }),
  configured({
    name: "describe-cluster",
    checks: "DescribeCluster is allowed and answered",
    run: async ({ keys, cluster }) => {
      if ((await keys().catch(() => undefined)) === undefined)
        return unknown("there are no keys to ask with: see assume-role");
      const { name, version, endpoint } = await cluster();
      return ok(`${name} ${version} at ${endpoint}`);
    },
  }),
  configured({
    name: "cluster-identity",
    checks: "the API server accepts the token as this node's",
    run: async (context, config) => {
      const { cluster, node } = config;
      const access = await findAccess(context);
      if (access === undefined) return NO_ACCESS;
      const user = await readOwnUser(createApiClient(access)).catch((error: unknown) => error);
      const arn = await context.caller().catch(() => undefined); // The remedy is then less exact.
      const remedy = mappingRemedy(arn, { cluster, node });
      if (user instanceof Error) return explainNoReview(user, remedy);
      const { username = "", groups = [] } = user as ApiUser;
      const wanted = `system:node:${node.name}`;
      if (username === wanted && groups.includes("system:nodes")) return ok(`${username} in system:nodes`);
      return fail(
        `the cluster sees ${username} in ${groups.join(", ")}, not ${wanted} in system:nodes`,
        sessionNameRemedy(arn, config) ?? remedy,
      );
    },
  }),
  configured({
    name: "node",
    checks: "the Node is in the cluster, Ready and not cordoned",
    run: async (context, { node }) => {
      const access = await findAccess(context);
      if (access === undefined) return NO_ACCESS;
      const api = createNodeApi(access);
      const seen = await api.read(node.name).catch(() => undefined);
      if (seen === undefined) return unknown("the API server does not say: see api-server, cluster-identity");
      if (seen.node === undefined)
        return (await context.daemon()) === undefined
          ? unknown(`there is no Node ${node.name} before the machine has joined`)
          : fail(
              `there is no Node ${node.name} in the cluster`,
              "eks-satellite status: kubelet registers it by itself.",
            );
      const { isReady, isSchedulable, reason, message, version } = seen.node;
      if (!isReady) return fail(`Node ${node.name} is not Ready (${reason}): ${message}`, "eks-satellite status.");
      if (!isSchedulable) {
        const cordon = explainCordon(node.name, seen.node);
        return warn(cordon.message, cordon.hint);
      }
      return ok(`Node ${node.name} is Ready with kubelet ${version}`);
    },
  }),
  configured({
    name: "version-skew",
    checks: "kubelet's version fits the cluster's",
    run: async ({ host, knownCluster }, { kubelet }) => {
      const facts = await knownCluster().catch(() => undefined);
      const own = await createVersionReader(host)
        .readKubelet(kubelet.path)
        .catch(() => undefined);
      if (facts === undefined || own === undefined) return unknown("kubelet's or the cluster's version is not known");
      checkVersionSkew(own.version, facts.version);
      return ok(`kubelet ${own.version}, cluster ${facts.version}`);
    },
  }),
  configured({
    name: "serving-certificate",
    checks: "kubelet's serving certificate is signed and valid, so that `kubectl logs` works",
    run: async ({ host, knownCluster, daemon }, config) => {
      const pem = await host.files.read(PATHS.servingCertificate).catch((error: unknown) => {
        if (hasCode(error, "file-unreadable")) return undefined;
        throw error;
      });
      const remedy = "kubectl get csr, then kubectl certificate approve NAME; kubectl logs and exec fail until then.";
      if (pem === undefined)
        return (await daemon()) === undefined
          ? unknown("there is none before the node has joined")
          : fail("kubelet has none that is signed", remedy);
      const facts = await knownCluster().catch(() => undefined);
      const certificate = new X509Certificate(pem);
      if (facts !== undefined && !isSignedBy(pem, facts.caPem))
        return fail(
          "it is signed by another CA than this cluster's",
          "Restart eks-satellite: it moves the old one away, and kubelet asks for a new one.",
        );
      if (Date.parse(certificate.validTo) < host.clock.now()) return fail(`it ended at ${certificate.validTo}`, remedy);
      const address = facts && (await readNodeAddress(host, config, facts));
      const others = servesElsewhere(certificate, address);
      if (others !== undefined)
        return fail(`it is for ${others.join(" and ")}, and not for the node's address ${address}`, remedy);
      return ok(`signed, until ${certificate.validTo}`);
    },
  }),
  REMOTE_NETWORK_CHECK,
  {
    name: "daemon",
    checks: "the daemon runs, and says that the node is ready",
    run: async ({ daemon }) => {
      const answer = await daemon();
      if (answer === undefined)
        return unknown("no daemon answers on the health port", "systemctl status eks-satellite.");
      return answer.status === 200
        ? ok("ready")
        : fail(answer.body.trim().split("\n")[0] ?? "not ready", "eks-satellite status.");
    },
  },
];

const NO_ACCESS = unknown("there is no endpoint or no token: see assume-role, describe-cluster");

/** What the client of the API server needs to ask as this node; undefined when a part of it is missing. */
async function findAccess({ host, token, knownCluster }: CheckContext): Promise<ApiClientOptions | undefined> {
  const [cluster, minted] = await Promise.all([knownCluster().catch(() => undefined), token().catch(() => undefined)]);
  if (cluster === undefined || minted === undefined) return undefined;
  return { host, cluster, token: () => minted.value, deadlineSeconds: DEADLINE_SECONDS };
}

/** The API server did not say whom it takes the token for. */
function explainNoReview(error: Error, remedy: string): Finding {
  const { code, message } = describe(error);
  if (code === "api-unauthorized") return fail("the API server does not know this identity", remedy);
  if (code === "api-unreachable" || code === "api-untrusted")
    return unknown("the API server does not answer: see api-server");
  return unknown(`the answer to a SelfSubjectReview does not say: ${message}`);
}

/** What an administrator runs, elsewhere: an access entry for a role; an IAM user can be a node only through aws-auth, and only this one. */
function mappingRemedy(arn: string | undefined, { cluster, node }: Pick<Config, "cluster" | "node">): string {
  const command = `An administrator, with credentials of their own: eks-satellite authorize --cluster ${cluster.name} --region ${cluster.region}`;
  const name = `--node-name ${node.name}${node.identity === "fargate" ? " --identity fargate" : ""}`;
  const groups = "groups: [system:bootstrappers, system:nodes]";
  const [, partition, account, role] = /^arn:(aws[\w-]*):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn ?? "") ?? [];
  if (role !== undefined) return `${command} --role-arn arn:${partition}:iam::${account}:role/${role} ${name}`;
  if (arn?.includes(":user/")) {
    const entry = `{userarn: "${arn}", username: "system:node:${node.name}", ${groups}}`;
    return `${command} --user-arn ${arn} ${name}. It adds to aws-auth's mapUsers: ${entry}`;
  }
  return `Map ${arn ?? "this identity"} to username system:node:${node.name} with ${groups}: eks-satellite authorize --help.`;
}
