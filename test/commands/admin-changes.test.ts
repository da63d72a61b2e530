import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterAccess } from "../../agent/admin/cluster-access.ts";
import {
  backupFileFor,
  CHANGE_EXIT,
  type ChangeOptions,
  checkCluster,
  type Proposal,
  proposeChanges,
  readPrincipal,
} from "../../agent/commands/admin-changes.ts";

const ARN = "arn:aws:iam::111122223333:role/nodes";
const OPTIONS: ChangeOptions = {
  ...{ cluster: "demo", region: "us-west-2", method: "auto", backupFolder: "." },
  ...{ yes: false, dryRun: false, output: "text" },
};

function setUp(changes = 1) {
  const printed: string[] = [];
  const applied: string[] = [];
  const access = { name: "demo", region: "us-west-2", mode: "API", callerArn: "arn:caller" } as ClusterAccess;
  const proposal: Proposal = {
    ...{ access, principalArn: ARN, nothing: "it is authorized", done: "It is authorized now.", notes: ["a note"] },
    changes: Array.from({ length: changes }, (_, index) => ({
      ...{ action: "create", target: `entry ${index}`, diff: `+ entry ${index}\n` },
      apply: async (report) => {
        applied.push(`entry ${index}`);
        report(`message ${index}`);
      },
    })),
  };
  const propose = (options: Partial<ChangeOptions>, confirm?: () => Promise<boolean>) =>
    proposeChanges(proposal, {
      ...{ confirm, options: { ...OPTIONS, ...options } },
      print: (text) => void printed.push(text),
    });
  return { proposal, propose, applied, output: () => printed.join("") };
}

test("changes are shown, confirmed and applied in order", async () => {
  const { propose, applied, output } = setUp(2);
  assert.equal(await propose({}, async () => true), CHANGE_EXIT.done);
  assert.deepEqual(applied, ["entry 0", "entry 1"]);
  assert.match(output(), /authentication mode API, as arn:caller\n\+ entry 0\n\+ entry 1\n! a note\n/);
  assert.match(output(), / {2}message 1\n✓ create entry 1\nIt is authorized now\.\n$/);
});

test("without confirmation nothing is applied: exit 2", async () => {
  for (const confirm of [async () => false, undefined]) {
    const { propose, applied } = setUp();
    assert.equal(await propose({}, confirm), CHANGE_EXIT.refused);
    assert.deepEqual(applied, []);
  }
});

test("--yes does not ask, --dry-run applies nothing, and no changes need no confirmation", async () => {
  const never = () => assert.fail("asked");
  const confirmed = setUp();
  assert.equal(await confirmed.propose({ yes: true }, never), CHANGE_EXIT.done);
  assert.equal(confirmed.applied.length, 1);
  const dry = setUp();
  assert.equal(await dry.propose({ dryRun: true }, never), CHANGE_EXIT.done);
  assert.equal(dry.applied.length, 0);
  const nothing = setUp(0);
  assert.equal(await nothing.propose({}, never), CHANGE_EXIT.done);
  assert.match(nothing.output(), /nothing to do: it is authorized\n$/);
});

test("--output json is one document, and never asks", async () => {
  const refused = setUp();
  assert.equal(await refused.propose({ output: "json" }, () => assert.fail("asked")), CHANGE_EXIT.refused);
  const document = JSON.parse(refused.output());
  assert.deepEqual([document.applied, document.changes.length, document.principalArn], [false, 1, ARN]);
  const applied = setUp();
  await applied.propose({ output: "json", yes: true });
  assert.deepEqual(JSON.parse(applied.output()).messages, ["message 0"]);
});

test("a cluster's name and region are checked, and the option is named", () => {
  assert.deepEqual(checkCluster(OPTIONS), { name: "demo", region: "us-west-2" });
  assert.throws(() => checkCluster({ ...OPTIONS, cluster: "-" }), {
    code: "cluster-invalid",
    message: /^--cluster "-" /,
  });
  assert.throws(() => checkCluster({ ...OPTIONS, region: "x" }), {
    code: "cluster-invalid",
    message: /^--region "x" /,
  });
});

test("a role or a user can be named, not both", () => {
  const userArn = "arn:aws:iam::111122223333:user/gpu";
  assert.equal(readPrincipal({ roleArn: ARN })?.kind, "role");
  assert.equal(readPrincipal({ userArn })?.kind, "user");
  assert.equal(readPrincipal({}), undefined);
  assert.throws(() => readPrincipal({ roleArn: ARN, userArn }), { code: "options-invalid" });
});

test("two backups in a second have different names", () => {
  const options = { ...OPTIONS, backupFolder: "/root/" };
  assert.equal(backupFileFor(options, 0), "/root/aws-auth-demo-19700101T000000.000Z.yaml");
  assert.notEqual(backupFileFor(options, 0), backupFileFor(options, 1));
});

test("the stop signal is asked for when the changes begin, and ends them between two", async () => {
  const { proposal, applied } = setUp(3);
  const stop = new AbortController();
  let reads = 0;
  const signals = {
    get stopSignal() {
      reads += 1;
      return stop.signal;
    },
  };
  const print = () => undefined;
  const context = { confirm: undefined, print, signals };
  await proposeChanges(proposal, { ...context, options: { ...OPTIONS, dryRun: true } });
  await proposeChanges(proposal, { ...context, options: OPTIONS });
  assert.equal(reads, 0, "until then a signal ends the command at once");
  const [first, ...others] = proposal.changes;
  assert.ok(first !== undefined);
  const interrupting = { ...first, apply: async () => stop.abort() };
  const changes = [interrupting, ...others];
  const options = { ...OPTIONS, yes: true };
  await assert.rejects(proposeChanges({ ...proposal, changes }, { ...context, options }), {
    code: "interrupted",
    message: "interrupted before: create entry 1",
  });
  assert.deepEqual([reads, applied], [1, []]);
});
