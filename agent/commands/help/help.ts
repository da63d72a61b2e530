// What --help and the manual pages say beyond options: to which group a command belongs, an example, where the rest is.
import type { Command } from "commander";

const GROUPS = {
  machine: "On the machine:",
  configuration: "Configuration:",
  administrator: "For administrators, on any machine:",
  other: "Other:",
} as const;

type Group = keyof typeof GROUPS;

/** Where the documentation is; the packages do not hold it. */
export const DOCUMENTATION_URL = "https://github.com/eks-satellite/eks-satellite/blob/main/docs";

/** By the name of the first word. One that is missing here is in the last group. */
const GROUP_OF: Readonly<Record<string, Group>> = {
  ...groupOf("machine", "run", "plan", "check", "status", "bundle", "reset", "tunnel-key", "explain", "history"),
  ...groupOf("machine", "inventory"),
  ...groupOf("configuration", "configure", "config"),
  ...groupOf("administrator", "authorize", "revoke", "eni", "node-name", "clusters", "user-data", "gateway", "token"),
  ...groupOf("administrator", "verify", "machine"),
};

/** A command line that can be typed as it is, but for names; by the command's own words. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  run: "systemctl start eks-satellite",
  plan: "sudo eks-satellite plan --diff",
  check: "sudo eks-satellite check --only cri dns",
  status: "eks-satellite status --watch",
  history: "sudo eks-satellite history --since 2h",
  explain: "eks-satellite explain GpuHealthy",
  bundle: "sudo eks-satellite bundle --since '2 hours ago'",
  inventory: "sudo eks-satellite inventory",
  configure:
    "sudo eks-satellite configure --cluster my-cluster --region us-west-2 --credentials-file /etc/eks-satellite/credentials",
  "config validate": "eks-satellite config validate config.yaml",
  "config show": "sudo eks-satellite config show --effective",
  reset: "sudo eks-satellite reset --dry-run",
  "tunnel-key": "sudo eks-satellite tunnel-key",
  authorize: "eks-satellite authorize --cluster my-cluster --region us-west-2 --node-name gpu-1 --create-role",
  revoke: "eks-satellite revoke --cluster my-cluster --region us-west-2 --node-name gpu-1",
  "eni create": "eks-satellite eni create --cluster my-cluster --region us-west-2 --name gpu-1 --subnet subnet-0abc",
  "eni list": "eks-satellite eni list --region us-west-2 --cluster my-cluster",
  "eni delete": "eks-satellite eni delete eni-0123456789abcdef0 --region us-west-2",
  "machine types": "eks-satellite machine types --gpu a10",
  "machine launch":
    "eks-satellite machine launch gpu-1 --type gpu_1x_a10 --cloud-region any --cluster demo --region us-west-2 --create-role --credentials-file keys",
  "machine terminate": "eks-satellite machine terminate gpu-1 --revoke",
  "machine list": "eks-satellite machine list --cluster my-cluster --region us-west-2",
  "machine show": "eks-satellite machine show gpu-1",
  "machine restart": "eks-satellite machine restart gpu-1",
  verify: "eks-satellite verify --node gpu-1",
  version: "eks-satellite version --output json",
  "node-name": "eks-satellite node-name --eni eni-0123456789abcdef0 --region us-west-2",
  "clusters list": "eks-satellite clusters list --region us-west-2",
  "clusters show": "eks-satellite clusters show my-cluster --region us-west-2",
  "clusters kubeconfig": "eks-satellite clusters kubeconfig my-cluster --region us-west-2",
  "gateway create": "eks-satellite gateway create --cluster my-cluster --region us-west-2",
  "gateway check": "eks-satellite gateway check --cluster my-cluster --region us-west-2",
  "gateway delete": "eks-satellite gateway delete --cluster my-cluster --region us-west-2",
  "gateway rotate-key": "eks-satellite gateway rotate-key --cluster my-cluster --region us-west-2",
  "gateway list": "eks-satellite gateway list --cluster my-cluster --region us-west-2",
  "user-data":
    "eks-satellite user-data --cluster my-cluster --region us-west-2 --credentials-file keys --set gpu.mode=required",
  completion: "eks-satellite completion bash",
  token: "eks-satellite token --cluster my-cluster --region us-west-2",
  "gateway run": "systemctl start eks-satellite-gateway",
};

function groupOf(group: Group, ...names: readonly string[]): Readonly<Record<string, Group>> {
  return Object.fromEntries(names.map((name) => [name, group]));
}

/** Adds groups, examples and the address of the documentation to the help of every command. */
export function addHelp(program: Command): void {
  for (const command of program.commands) command.helpGroup(GROUPS[GROUP_OF[command.name()] ?? "other"]);
  const help = program.createCommand("help").argument("[command]", "a command").helpOption(false);
  program.addHelpCommand(help.description("show a command's help").helpGroup(GROUPS.other));
  program.addHelpText("after", `\nDocumentation: ${DOCUMENTATION_URL}/README.md`);
  for (const { name, command } of leavesOf(program)) command.addHelpText("after", `\n${helpAfter(name)}`);
}

function helpAfter(name: string): string {
  const example = EXAMPLES[name];
  const page = `Documentation: ${DOCUMENTATION_URL}/reference/cli.md#${name.replaceAll(" ", "-")}`;
  return example === undefined ? page : `Example: ${example}\n${page}`;
}

/** Commands that do something, by all of their words. */
export function leavesOf(command: Command, name = ""): readonly { readonly name: string; readonly command: Command }[] {
  return command.commands.flatMap((child) => {
    const full = `${name} ${child.name()}`.trim();
    return child.commands.length === 0 ? [{ name: full, command: child }] : leavesOf(child, full);
  });
}
