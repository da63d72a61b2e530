import assert from "node:assert/strict";
import { test } from "node:test";
import { type LambdaAccount, type LambdaMachine, newAccount } from "./account.ts";
import { renderFilter } from "./filter.ts";

const MACHINE: LambdaMachine = {
  ...{ id: "a", hostname: "gpu-1", status: "active", region: "us-west-1", type: "gpu_1x_a10", sshKey: "work" },
  ...{
    userData: "",
    fileSystems: [],
    rulesets: ["mine"],
    tags: [],
    isIdle: false,
    isRestarting: false,
    changedAtMs: 0,
  },
};

const web = { protocol: "tcp", port_range: [8080, 8081], source_network: "203.0.113.0/24", description: "" } as const;
const all = { protocol: "all", port_range: [1, 65535], source_network: "0.0.0.0/0", description: "" } as const;

function accepted(change: Partial<LambdaMachine> = {}): readonly string[] {
  const place = { region: "us-west-1", created: "" };
  const account: LambdaAccount = {
    ...newAccount("key", "ssh-ed25519 AAAA"),
    machines: [{ ...MACHINE, ...change }],
    rulesets: [
      { id: "mine", name: "mine", ...place, rules: [web] },
      { id: "other", name: "other", ...place, rules: [all] },
    ],
  };
  return renderFilter(account, "192.168.100.10")
    .split("\n")
    .filter((line) => line.endsWith("-j ACCEPT"));
}

test("ping, SSH and the machine's own rulesets come in", () => {
  assert.deepEqual(accepted(), [
    "-A LAMBDA -s 0.0.0.0/0 -p tcp --dport 22:22 -j ACCEPT",
    "-A LAMBDA -s 0.0.0.0/0 -p icmp -j ACCEPT",
    "-A LAMBDA -s 203.0.113.0/24 -p tcp --dport 8080:8081 -j ACCEPT",
  ]);
});

test("where rules do not apply everything comes in, and without a machine nothing", () => {
  assert.deepEqual(accepted({ region: "us-south-1" }), ["-A LAMBDA -j ACCEPT"]);
  assert.deepEqual(accepted({ status: "terminated" }), []);
  assert.deepEqual(accepted({ isIdle: true }), []);
});
