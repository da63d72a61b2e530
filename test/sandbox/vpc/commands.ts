// The subcommands of scripts/sandbox that break what lies between the machine and the VPC.
import { Command, InvalidArgumentError } from "commander";
import { openSandbox } from "../sandbox.ts";

/** `scripts/sandbox nat …` */
export function natCommand(): Command {
  const nat = new Command("nat").description("change the NAT in front of the machine (up --vpc)");
  const add = (name: string, description: string) => nat.command(name).description(description);
  add("rebind", "give it another public address; what it remembers is void").action(async () => {
    process.stdout.write(`${await (await openSandbox()).nat.rebind()}\n`);
  });
  add("remap", "give every connection another port at the same public address").action(async () => {
    await (await openSandbox()).nat.remap();
  });
  add("forget", "forget UDP after so many seconds of silence; without a number the kernel's 30 and 120")
    .argument("[seconds]", "1 or more", wholeNumber)
    .action(async (seconds?: number) => (await openSandbox()).nat.forget(seconds));
  add("drop-udp", "drop UDP, names apart").action(async () => (await openSandbox()).nat.udp("drop"));
  add("allow-udp", "let UDP pass again").action(async () => (await openSandbox()).nat.udp("allow"));
  add("mtu", "set the MTU of its link with the internet, 1500 at first")
    .argument("<bytes>", "68 or more", wholeNumber)
    .option("--silent", "without the ICMP messages that a packet was too large")
    .action(async (bytes: number, { silent }: { silent?: boolean }) =>
      (await openSandbox()).nat.mtu(bytes, { silent: silent === true }),
    );
  add("drop-fragments", "drop fragments on its link with the internet").action(async () =>
    (await openSandbox()).nat.fragments("drop"),
  );
  add("allow-fragments", "let fragments pass again").action(async () => (await openSandbox()).nat.fragments("allow"));
  add("neighbour", "make a second machine behind it, and print its network namespace").action(async () => {
    process.stdout.write(`${await (await openSandbox()).nat.neighbour()}\n`);
  });
  add("move-machine", "move the machine to its other private address, or back").action(async () => {
    process.stdout.write(`${await (await openSandbox()).nat.moveMachine()}\n`);
  });
  return nat;
}

/** `scripts/sandbox vpc …` */
export function vpcCommand(): Command {
  const vpc = new Command("vpc").description("look at the VPC's fabric, or change it (up --vpc)");
  vpc
    .command("show")
    .description("print how it routes and filters")
    .action(async () => {
      process.stdout.write(`${await (await openSandbox()).vpc.describe()}\n`);
    });
  for (const [name, reach] of [
    ["drop-icmp", "drop"],
    ["allow-icmp", "allow"],
  ] as const)
    vpc
      .command(name)
      .description(`${reach} ICMP between network interfaces`)
      .action(async () => (await openSandbox()).vpc.icmp(reach));
  return vpc;
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
