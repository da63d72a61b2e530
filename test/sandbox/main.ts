// scripts/sandbox: the command line of the sandbox.
import { Command, CommanderError, Option } from "commander";
import { awsCommand } from "./aws-command.ts";
import { down } from "./down.ts";
import { instanceCommand } from "./instances/commands.ts";
import { lambdaCommand } from "./lambda/commands.ts";
import { showLog } from "./log-command.ts";
import { type Arch, arches } from "./processor.ts";
import { renderReport } from "./report.ts";
import { openSandbox } from "./sandbox.ts";
import {
  type ContainerdChoice,
  containerdChoices,
  type DebianSuite,
  debianSuites,
  type MachineKind,
  machineKinds,
} from "./state.ts";
import { renderStatus } from "./status.ts";
import { prepare, up } from "./up.ts";
import { natCommand, vpcCommand } from "./vpc/commands.ts";

interface UpFlags {
  readonly kubernetes?: string;
  readonly containerd?: ContainerdChoice;
  readonly machine?: MachineKind;
  readonly arch?: Arch;
  readonly debian?: DebianSuite;
  readonly agent: boolean;
  readonly cloudController?: boolean;
  readonly registry?: boolean;
  readonly services?: boolean;
  readonly vpc?: boolean;
  readonly direct?: boolean;
  readonly lambda?: boolean;
  readonly docker?: boolean;
}

const program = new Command("sandbox").description("A whole cluster, AWS and a bare machine, on this host.");
program.enablePositionalOptions();

program
  .command("up")
  .description("bring everything up, or back up, and show that the node does its work")
  .option("--kubernetes <version>", "a Kubernetes version, such as 1.33.13 (default: what is there, or 1.34.4)")
  .addOption(new Option("--containerd <version>", "the machine's containerd").choices(containerdChoices))
  .addOption(
    new Option("--machine <kind>", "a container on the host's kernel, or a virtual machine with its own").choices(
      machineKinds,
    ),
  )
  .addOption(
    new Option(
      "--arch <processor>",
      "the virtual machine's processor; another one than the host's is emulated",
    ).choices(arches),
  )
  .addOption(new Option("--debian <suite>", "the machine's suite of Debian").choices(debianSuites))
  .option("--vpc", "the machine behind a NAT, the control plane in a VPC")
  .addOption(new Option("--direct", "the machine beside the control plane (default)").conflicts("vpc"))
  .addOption(
    new Option("--lambda", "no machine, and Lambda's API that rents one out (implies --vpc)").conflicts("direct"),
  )
  .option("--docker", "Debian's Docker on the machine, with a container of the user's")
  .option("--no-agent", "leave the machine bare, without the daemon")
  .option("--cloud-controller", "AWS's cloud controller, which deletes Nodes that AWS does not know")
  .option("--registry", "an image registry under the name of the account's ECR, and a mirror of it")
  .option("--services", "kube-proxy as EKS's add-on has it, cluster DNS, and an application in the VPC")
  .action(async ({ vpc, direct, ...options }: UpFlags) => {
    const network = vpc ? "vpc" : direct ? "direct" : undefined;
    const { checks, progress, sandbox } = await up({ ...options, ...(network ? { network } : {}) });
    process.stdout.write(`\n${renderReport(checks, progress)}\nKUBECONFIG=${sandbox.kubeconfig}\n`);
    if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
  });

program
  .command("prepare")
  .description("install and build what every sandbox needs, and bring none up")
  .action(() => prepare());

program
  .command("down")
  .description("end everything and remove it, the caches apart")
  .action(() => down());

program
  .command("status")
  .description("show what runs")
  .action(async () => {
    process.stdout.write(await renderStatus(await openSandbox()));
  });

program
  .command("reboot")
  .description("shut the machine down and boot it again")
  .option("--power-cut", "take it away at once instead of shutting it down")
  .action(async ({ powerCut }: { powerCut?: boolean }) => {
    const sandbox = await openSandbox();
    if (powerCut) await sandbox.powerCut();
    await (powerCut ? sandbox.boot() : sandbox.reboot());
  });

program
  .command("box")
  .description("run a command in the machine, by default a shell")
  .argument("[command...]")
  .passThroughOptions()
  .action(async (command: string[]) => {
    const sandbox = await openSandbox();
    const result = await sandbox.box(command.length > 0 ? command : ["bash", "-l"], {
      interactive: true,
      mayFail: true,
    });
    process.exitCode = result.exitCode;
  });

program
  .command("kubectl")
  .description("run kubectl as the cluster's administrator")
  .argument("[args...]")
  .helpOption(false)
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (args: string[]) => {
    process.exitCode = await (await openSandbox()).interactiveKubectl(args);
  });

program
  .command("link")
  .description("cut or mend the link between the machine and the cluster with AWS")
  .argument("<state>", "up or down")
  .action(async (state: string) => {
    if (state !== "up" && state !== "down") throw new Error(`link takes up or down, not "${state}"`);
    await (await openSandbox()).link(state);
  });

program
  .command("logs")
  .description("show the log of a component: etcd, kube-apiserver, aws, machine, …, or of a unit in the machine")
  .argument("[component]", "left out: list the components")
  .option("-f, --follow", "keep showing what comes")
  .action(async (component: string | undefined, { follow }: { follow?: boolean }) => {
    process.exitCode = await showLog(await openSandbox(), component, follow === true);
  });

program.addCommand(awsCommand());
program.addCommand(instanceCommand());
program.addCommand(lambdaCommand());
program.addCommand(natCommand());
program.addCommand(vpcCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    process.stderr.write(`sandbox: ${error instanceof Error ? error.message : error}\n`);
    if (error instanceof Error && error.cause instanceof Error)
      process.stderr.write(`  because: ${error.cause.message}\n`);
    process.exitCode = 1;
  }
}
