// User data as the command prints it, byte for byte: packaging/cloud-init.example.yaml is its output with CHANGE in place of values,
// and so cannot drift. `UPDATE_GOLDEN=1` writes both files anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { addUserDataOptions, type UserDataOptions } from "../../agent/commands/user-data/options.ts";
import { userDataCommand } from "../../agent/commands/user-data/user-data.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const TOP = join(import.meta.dirname, "../..");
const EXAMPLE = "packaging/cloud-init.example.yaml";
const SCRIPT = "test/golden/expected/user-data.sh";

/** Values that the command takes, and what stands for them in the example. */
const PLACES = {
  "9.8.7": "CHANGE-version",
  ["a".repeat(64)]: "CHANGE-sha256-amd64",
  ["b".repeat(64)]: "CHANGE-sha256-arm64",
  "the-cluster": "CHANGE-cluster",
  "eu-north-1": "CHANGE-region",
  "the-node": "CHANGE-node-name",
  "arn:aws:iam::111122223333:role/the-role": "CHANGE-role-arn",
  TheKeyId: "CHANGE-access-key-id",
  TheSecret: "CHANGE-secret-access-key",
} as const;

const SUMS = `${"a".repeat(64)}  eks-satellite-9.8.7-linux-amd64.tar.gz\n${"b".repeat(64)}  eks-satellite-9.8.7-linux-arm64.tar.gz\n`;
const KEYS = "AWS_ACCESS_KEY_ID=TheKeyId\nAWS_SECRET_ACCESS_KEY=TheSecret\n";

async function print(...more: readonly string[]): Promise<string> {
  const host = new MemoryHost();
  host.files.put("/keys", KEYS);
  host.files.put("/sums", SUMS);
  const args = [
    ...["--cluster", "the-cluster", "--region", "eu-north-1", "--node-name", "the-node", "--sums", "/sums"],
    ...["--role-arn", "arn:aws:iam::111122223333:role/the-role", "--credentials-file", "/keys"],
    ...["--eks-satellite-version", "9.8.7", "--allow-unsigned", ...more],
  ];
  const options = addUserDataOptions(new Command("user-data")).parse(args, { from: "user" }).opts<UserDataOptions>();
  const printed: string[] = [];
  const context = {
    ...{ host, environment: {}, isTerminal: () => false, readInput: async () => "", printError: () => undefined },
    print: (text: string) => void printed.push(text),
    readKeys: () => assert.fail("AWS was asked"),
  };
  await userDataCommand(context, options);
  return printed.join("");
}

function compare(path: string, text: string): void {
  if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(join(TOP, path), text);
  assert.equal(readFileSync(join(TOP, path), "utf8"), text);
}

test("the example of user data is what the command prints", async () => {
  const text = Object.entries(PLACES).reduce((all, [value, place]) => all.replaceAll(value, place), await print());
  for (const place of Object.values(PLACES)) assert.ok(text.includes(place), place);
  compare(EXAMPLE, text);
});

test("a script with everything in it", async () => {
  const proxy = ["--proxy", "http://proxy.example.com:3128", "--wait", "10m", "--set", "node.labels.team=it's $HOME"];
  await assert.rejects(print("--format", "script", ...proxy), { message: /must be a Kubernetes label value/ });
  const flags = ["--set", "kubelet.flags.v=4", "--set", 'containerd.config.plugins."io.containerd.x".a=$HOME'];
  compare(SCRIPT, await print("--format", "script", ...proxy.slice(0, 4), ...flags));
});

test("it is small", async () => {
  assert.ok((await print()).length < 4096);
});
