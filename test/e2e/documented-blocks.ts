// The documentation's own commands, for the tests that run them as they stand there. A table says which blocks those are:
// test/docs/executed-blocks.test.ts holds the pages to it without a sandbox.
import { blocksBelow, readPage } from "../docs/markdown.ts";

/** Blocks that a test runs. */
interface DocumentedBlocks {
  readonly page: string;
  readonly heading: string;
  /** How many fenced blocks there are below the heading. */
  readonly count: number;
  /** Names of the reader's own, such as his cluster's, in the order in which they are replaced: what holds another goes first. */
  readonly words: readonly string[];
}

const SCRIPT_URL = "https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/install.sh";
const TLS_OPTIONS = "--proto '=https' --tlsv1.2 ";
export const APT_URL = "https://eks-satellite.github.io/apt";
const NODE_ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";
export const GATEWAY_PACKAGE =
  "https://github.com/eks-satellite/eks-satellite/releases/download/v1.2.3/eks-satellite_1.2.3_arm64.deb";

export const EXECUTED = {
  install: {
    page: "README.md",
    heading: "2. On the machine",
    count: 1,
    words: [TLS_OPTIONS, SCRIPT_URL, NODE_ROLE, "my-cluster", "gpu-1"],
  },
  upgrade: {
    page: "docs/how-to/upgrade.md",
    heading: "Upgrade eks-satellite",
    count: 1,
    words: [TLS_OPTIONS, SCRIPT_URL],
  },
  upgradeByInstalled: {
    page: "docs/how-to/upgrade.md",
    heading: "Upgrade by the installed script",
    count: 1,
    words: [],
  },
  uninstall: { page: "docs/how-to/remove.md", heading: "Uninstall", count: 1, words: [] },
  apt: {
    page: "docs/how-to/install-by-apt.md",
    heading: "Install",
    count: 2,
    words: [TLS_OPTIONS, APT_URL, NODE_ROLE, "my-cluster", "gpu-1"],
  },
  aptRemove: { page: "docs/how-to/install-by-apt.md", heading: "Remove", count: 1, words: [] },
  offline: {
    page: "docs/how-to/offline-and-mirrors.md",
    heading: "Install without internet",
    count: 1,
    words: ["eks-satellite-1.2.3-linux-amd64.tar.gz", NODE_ROLE, "my-cluster", "gpu-1"],
  },
  letIn: {
    page: "docs/how-to/let-machines-in.md",
    heading: "Let one machine in",
    count: 3,
    words: ["user/gpu-machines", "111122223333", "my-cluster", "gpu-1"],
  },
  network: {
    page: "docs/tutorials/in-the-cluster-network.md",
    heading: "In the cluster's network",
    count: 6,
    words: [
      ...["eks-satellite gateway create", GATEWAY_PACKAGE, "SHA256-OF-THE-PACKAGE"],
      ...["public.ecr.aws/docker/library/busybox:1.36"],
      ...["user/gpu-machines", "111122223333", "my-cluster", "us-east-1", "gpu-1"],
    ],
  },
  lambda: {
    page: "docs/tutorials/lambda.md",
    heading: "From nothing to a node on Lambda Cloud, and back",
    count: 11,
    words: [
      ...["eks-satellite machine launch", "ADDRESS-OF-THE-MACHINE", "public.ecr.aws/docker/library/busybox:1.36"],
      ...["my-cluster", "us-east-1"],
    ],
  },
  fargate: {
    page: "docs/how-to/fargate-identity.md",
    heading: "Make a node of an IAM user",
    count: 4,
    words: [
      ...["arn:aws:iam::111122223333:user/gpu-machines", "fargate-ip-10-0-1-17.ec2.internal", "eni-0123456789abcdef0"],
      ...["subnet-0123456789abcdef0", "sg-0123456789abcdef0", "my-cluster"],
    ],
  },
  firstNode: {
    page: "docs/tutorials/first-node.md",
    heading: "First node",
    count: 8,
    words: [
      ...[TLS_OPTIONS, SCRIPT_URL, NODE_ROLE, "AWS_ACCESS_KEY_ID=…\nAWS_SECRET_ACCESS_KEY=…\n"],
      ...["user/gpu-machines", "111122223333", "public.ecr.aws/docker/library/busybox:1.36", "my-cluster", "gpu-1"],
    ],
  },
  firstGpuPod: {
    page: "docs/tutorials/first-gpu-pod.md",
    heading: "First GPU pod",
    count: 6,
    words: ["https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/kubernetes", "gpu-1"],
  },
  monitorCluster: { page: "docs/how-to/monitor.md", heading: "In the cluster", count: 1, words: ["gpu-1"] },
  kubeProxyCopy: {
    page: "docs/how-to/services-and-dns.md",
    heading: "Who brings kube-proxy",
    count: 1,
    words: ["my-cluster"],
  },
  monitor: {
    page: "docs/how-to/monitor.md",
    heading: "From the cluster",
    count: 2,
    words: ["packaging/monitoring", "API-ENDPOINT-WITHOUT-HTTPS"],
  },
} as const satisfies Record<string, DocumentedBlocks>;

export type BlockName = keyof typeof EXECUTED;

/** What stands for the pages' words here; a word that is not in it stays. */
export type Replacements = Readonly<Record<string, string>>;

/**
 * The fenced blocks of a name, without their fences, with these words replaced.
 * @throws Error when the page has not what the table says, or a word is not in the table
 */
export function documentedBlocks(name: BlockName, replacements: Replacements): readonly string[] {
  const { page, heading, count, words }: DocumentedBlocks = EXECUTED[name];
  const where = `${page}, below "${heading}"`;
  for (const word of Object.keys(replacements))
    if (!words.includes(word)) throw new Error(`${word} is not a word that is replaced in ${where}`);
  const blocks = blocksBelow(readPage(page), heading);
  if (blocks.length !== count) throw new Error(`${where}: ${blocks.length} blocks, not ${count}`);
  for (const word of words)
    if (!blocks.some((block) => block.includes(word))) throw new Error(`${where}: no block says ${word}`);
  return blocks.map((block) =>
    words.reduce((commands, word) => commands.replaceAll(word, replacements[word] ?? word), block),
  );
}

/** The one block of a name, likewise. */
export function documentedBlock(name: BlockName, replacements: Replacements): string {
  return documentedBlocks(name, replacements)[0] ?? "";
}
