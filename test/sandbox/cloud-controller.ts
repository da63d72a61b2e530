// AWS's own cloud controller against the sandbox's AWS, with the two controllers that touch Nodes: it deletes those whose machine
// AWS does not know, once they are not Ready.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Addresses } from "./addresses.ts";
import { awsEnvironment } from "./authentication.ts";
import { buildCloudController } from "./go-builds.ts";
import { kubeconfigPath, runKubectl } from "./kubectl.ts";
import { inNamespace } from "./network.ts";
import { startDaemon } from "./process.ts";
import { clusterName, region, type SandboxFacts, writeAtomic } from "./state.ts";
import type { Progress } from "./step.ts";

/** Its name among the sandbox's daemons, and so of its log. */
export const cloudController = "aws-cloud-controller-manager";

/** How often it looks at every Node, seconds; its own default. */
export const nodeMonitorSeconds = 5;

const user = "system:cloud-controller-manager";
/** What both controllers do, and no more. */
const rules = [
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch", "update", "patch", "delete"] },
  { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch", "update"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "patch", "update"] },
];

/** Builds and starts it unless it runs; AWS and the API server must be up. */
export async function startCloudController(
  folder: string,
  facts: SandboxFacts,
  addresses: Addresses,
  kubernetes: string,
  progress: Progress,
): Promise<void> {
  const program = join(await buildCloudController(progress), cloudController);
  await progress.step("cloud controller", async () => {
    await runKubectl(folder, kubernetes, ["apply", "--filename=-"], renderAccess());
    const config = join(folder, "aws", "cloud.conf");
    const text = await renderCloudConfig(folder);
    await writeAtomic(config, text);
    const { accessKeyId, secretAccessKey } = facts.administrator;
    await startDaemon(folder, {
      name: cloudController,
      command: inNamespace(addresses.controlNamespace, [
        program,
        "--cloud-provider=aws",
        `--cloud-config=${config}`,
        `--kubeconfig=${kubeconfigPath(folder, "cloud-controller")}`,
        "--controllers=cloud-node-controller,cloud-node-lifecycle-controller",
        "--configure-cloud-routes=false",
        "--leader-elect=false",
        "--secure-port=0",
        `--node-monitor-period=${nodeMonitorSeconds}s`,
        "--v=2",
      ]),
      environment: {
        ...awsEnvironment(folder),
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      },
      restartOn: text,
    });
  });
}

/** With VPC and subnet it does not ask the metadata service where it runs. */
async function renderCloudConfig(folder: string): Promise<string> {
  const { vpc, subnet } = JSON.parse(await readFile(join(folder, "aws", "network.json"), "utf8"));
  const keys = { Region: region, Zone: `${region}a`, VPC: vpc, SubnetID: subnet, KubernetesClusterID: clusterName };
  return `[Global]\n${Object.entries(keys)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("")}`;
}

function renderAccess(): string {
  const metadata = { name: user };
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: user },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  };
  return [role, binding].map((each) => stringify(each)).join("---\n");
}
