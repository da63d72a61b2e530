// A healthy machine on which the daemon runs, as `check` sees it.
import type { NamedFinding } from "../../agent/check/check.ts";
import { checkCommand } from "../../agent/commands/check.ts";
import type { Paint } from "../../agent/commands/paint.ts";
import type { HttpRequest, HttpResponse } from "../../agent/host/host.ts";
import { planSysctls } from "../../agent/plan/sysctls.ts";
import { clusterCa } from "./certificates.ts";
import { MemoryAws } from "./memory-aws.ts";
import { MemoryContainerd } from "./memory-containerd.ts";
import { KEYS_FILE, MINIMAL_CONFIG } from "./samples.ts";

export const CONFIG_FILE = "/etc/eks-satellite/config.yaml";
export const API = "https://ABC.gr7.us-west-2.eks.amazonaws.com";
const READY = {
  conditions: [{ type: "Ready", status: "True" }],
  nodeInfo: { kubeletVersion: "v1.34.4" },
};
/** The registry of the account that the node's role is of. */
export const ECR = "111122223333.dkr.ecr.us-west-2.amazonaws.com";
export const ECR_PROVIDER = "/etc/eks/image-credential-provider/ecr-credential-provider";
export const ECR_PASSWORD = "ecr-password";
export const SESSION_FILE = "/run/eks-satellite/aws-credentials";
/** What ecr-credential-provider answers kubelet. */
export const ECR_RESPONSE = JSON.stringify({
  kind: "CredentialProviderResponse",
  auth: { [ECR]: { username: "AWS", password: ECR_PASSWORD } },
});
/** What a child answers to `inventory --part`. */
const HARDWARE: Readonly<Record<string, object>> = {
  system: { system: { manufacturer: "QEMU", model: "Standard PC", virtual: true }, board: {}, bios: {} },
  cpu: { brand: "EPYC", cores: 30 },
  memory: [{ size: 2 ** 34, type: "DDR4" }],
  disks: [{ name: "vda", size: 5e11 }],
};
export const NODE = { username: "system:node:gpu-1", groups: ["system:nodes", "system:authenticated"] };

/** The machine, what answers it, and `check` run there. */
export function setUpCheck() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  containerd.start();
  host.files.put(CONFIG_FILE, MINIMAL_CONFIG);
  host.files.put("/etc/eks-satellite/aws-keys", KEYS_FILE, { mode: 0o600 });
  host.files.put("/etc/os-release", 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n');
  host.files.put("/proc/self/mountinfo", "1 0 0:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n");
  for (const path of ["/proc/self/ns/mnt", "/proc/1/ns/mnt"]) host.files.putLink(path, "mnt:[4026531841]");
  host.files.put(
    "/proc/1/limits",
    "Limit Soft Hard Units\nMax open files            1024                 524288               files\n",
  );
  host.files.put("/opt/cni/bin/loopback", "", { mode: 0o755 });
  host.files.put(ECR_PROVIDER, "", { mode: 0o755 });
  host.files.put(SESSION_FILE, "[default]\n", { mode: 0o600 });
  host.install("/bin/sh", () => ({ stdout: ECR_RESPONSE }));
  host.files.put(
    "/etc/containerd/config.toml",
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\nSystemdCgroup = true\n',
  );
  for (const { key, value } of planSysctls("host")) host.files.put(`/proc/sys/${key.replaceAll(".", "/")}`, value);
  host.files.putFolder("/run/systemd/system");
  host.files.put("/var/lib/kubelet/pki/kubelet-server-current.pem", clusterCa);
  for (const name of ["sts.us-west-2.amazonaws.com", "eks.us-west-2.amazonaws.com", new URL(API).hostname])
    host.names.set(name, ["192.0.2.1"]);
  const node = { spec: {} as object, status: READY as object };
  const answers = { user: NODE as object, review: 201, skewMs: 0, daemon: true, nodes: [node] };
  host.onFetch = ({ url }: HttpRequest): HttpResponse => {
    if (url === `https://${ECR}/v2/`) return { status: 200, body: "" };
    if (url.includes(":10256/")) return { status: 200, body: "{}" };
    if (url.includes("/readyz")) {
      if (!answers.daemon) throw new Error("connect ECONNREFUSED");
      return { status: 200, body: "ok" };
    }
    if (url.includes("selfsubjectreviews"))
      return { status: answers.review, body: JSON.stringify({ status: { userInfo: answers.user } }) };
    if (url.includes("/api/v1/nodes")) return { status: 200, body: JSON.stringify({ items: answers.nodes }) };
    return { status: 403, body: "", serverTimeMs: host.clock.now() - answers.skewMs };
  };
  host.onNameServer = () => ["10.100.0.1"];
  host.install("/bin/node", (args) => ({ stdout: JSON.stringify(HARDWARE[args.at(-1) ?? ""]) }));
  const aws = new MemoryAws(host.clock.now);
  const run = async (
    options: {
      only?: string[];
      skip?: string[];
      output?: "text" | "json";
      environment?: Record<string, string>;
      paint?: Paint;
    } = {},
  ) => {
    const parts: string[] = [];
    const { environment = {}, ...chosen } = options;
    const running = checkCommand(
      { host, environment, aws, program: ["/bin/node", "/p.mjs"] },
      { config: CONFIG_FILE, output: "json", only: [], skip: [], ...chosen },
      (text) => void parts.push(text),
    );
    return { exitCode: await running, text: parts.join("") };
  };
  const find = async (name: string, environment: Record<string, string> = {}): Promise<NamedFinding> => {
    const { text } = await run({ only: [name], environment });
    return JSON.parse(text).checks[0];
  };
  return { host, containerd, aws, answers, run, find };
}
