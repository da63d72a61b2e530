// `sandbox aws …`: faults at AWS's side.
import { Command, Option } from "commander";
import { type Outage, openSandbox } from "./sandbox.ts";

/** The `aws` command with one verb a fault. */
export function awsCommand(): Command {
  const aws = new Command("aws").description("faults at AWS's side; they stay until they are removed");
  aws
    .command("down")
    .description("take AWS away")
    .addOption(new Option("--how <how>", "what clients see").choices(["refuse", "503", "hang"]).default("refuse"))
    .action(async ({ how }: { how: Outage }) => (await openSandbox()).awsDown(how));
  aws
    .command("up")
    .description("bring AWS back")
    .action(async () => (await openSandbox()).awsUp());
  aws
    .command("deny <action>")
    .description("deny an action to all identities, such as eks:DescribeCluster or sts:AssumeRole")
    .action(async (action: string) => {
      const sandbox = await openSandbox();
      await sandbox.changeAwsFaults((faults) => ({
        ...faults,
        denied: [...new Set([...(faults.denied ?? []), action])],
      }));
    });
  aws
    .command("allow <action>")
    .description("remove a denial")
    .action(async (action: string) => {
      const sandbox = await openSandbox();
      await sandbox.changeAwsFaults((faults) => ({
        ...faults,
        denied: (faults.denied ?? []).filter((name) => name !== action),
      }));
    });
  aws
    .command("expire-tokens")
    .description("declare every presigned token from before now void")
    .action(() => set({ tokensExpiredBefore: new Date().toISOString() }));
  aws
    .command("expire-sessions")
    .description("declare all session keys from before now void")
    .action(() => set({ sessionsExpiredBefore: new Date().toISOString() }));
  aws
    .command("delete-users")
    .description("let AWS know no user's long-lived keys; sessions of roles live on")
    .action(() => set({ usersDeleted: true }));
  aws
    .command("clock-ahead <seconds>")
    .description("set AWS's clock ahead of the machine's")
    .action((seconds: string) => set({ clockAheadSeconds: wholeSeconds(seconds) }));
  aws
    .command("token-lifetime <seconds>")
    .description("take presigned tokens for this long instead of 15 minutes")
    .action((seconds: string) => set({ tokenLifetimeSeconds: wholeSeconds(seconds) }));
  aws
    .command("session-lifetime <seconds>")
    .description("let session keys live this long, whatever AssumeRole asks for")
    .action((seconds: string) => set({ sessionLifetimeSeconds: wholeSeconds(seconds) }));
  aws
    .command("registry-token-lifetime <seconds>")
    .description("take ECR's tokens for this long instead of 12 hours")
    .action((seconds: string) => set({ registryTokenLifetimeSeconds: wholeSeconds(seconds) }));
  aws
    .command("cluster-set <key=value>")
    .description("let DescribeCluster say otherwise, such as status=CREATING; an empty value removes the key")
    .action(async (assignment: string) => {
      const [key = "", value = ""] = assignment.split(/=(.*)/s);
      const sandbox = await openSandbox();
      await sandbox.changeAwsFaults((faults) => ({ ...faults, cluster: { ...faults.cluster, [key]: value || null } }));
    });
  aws
    .command("reset")
    .description("remove every fault")
    .action(async () => (await openSandbox()).clearAwsFaults());
  return aws;
}

async function set(change: Record<string, unknown>): Promise<void> {
  await (await openSandbox()).changeAwsFaults((faults) => ({ ...faults, ...change }));
}

function wholeSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`"${text}" is not a whole number of seconds above 0`);
  return seconds;
}
