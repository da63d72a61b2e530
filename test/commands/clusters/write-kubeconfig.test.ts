import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { type KubeconfigOptions, kubeconfigCommand } from "../../../agent/commands/clusters/write-kubeconfig.ts";
import { CLUSTER_ARN, setUpAdmin } from "../../fakes/memory-admin.ts";

const HOME = "/home/joe";
const DEFAULT = "/home/joe/.kube/config";

function setUp(environment: Readonly<Record<string, string>> = { HOME }) {
  const { host, aws, adminAws, print, said, forget } = setUpAdmin();
  const openAdmin = async () => ({ aws, adminAws });
  const run = (options: Partial<KubeconfigOptions> = {}) =>
    kubeconfigCommand({ host, environment, openAdmin }, "demo", { region: "us-west-2", ...options }, print);
  return { host, aws, run, said, forget, file: (path = DEFAULT) => host.files.peek(path) };
}

test("a new file is the user's own alone, and the context is named after the cluster's ARN", async () => {
  const { run, file, said } = setUp();
  await run();
  assert.equal(file()?.mode, 0o600);
  assert.equal(parse(file()?.content ?? "")["current-context"], CLUSTER_ARN);
  assert.match(said(), new RegExp(`^${DEFAULT}: context ${CLUSTER_ARN}, which kubectl uses now\n$`));
});

test("a file that is there is merged into, and stays beside the new one as it was", async () => {
  const { run, file, host, said, forget } = setUp();
  const before = "apiVersion: v1\nkind: Config\nusers: [{name: joe, user: {token: secret}}]\n";
  host.files.put(DEFAULT, before, { mode: 0o644 });
  await run({ alias: "work" });
  assert.equal(file()?.mode, 0o600);
  assert.equal(parse(file()?.content ?? "").users.length, 2);
  const backup = file(`${DEFAULT}.before-eks-satellite`);
  assert.deepEqual([backup?.content, backup?.mode], [before, 0o600]);
  assert.match(said(), /context work, .*as it was: .*\.before-eks-satellite/);
  forget();
  await run({ alias: "work" });
  assert.equal(said(), `${DEFAULT}: nothing to change\n`);
  assert.equal(file(`${DEFAULT}.before-eks-satellite`)?.content, before, "the backup is of the last change");
});

test("the file is the one of --output, else the first that kubectl reads", async () => {
  const { run, file } = setUp({ HOME, KUBECONFIG: ":/a/one:/a/two" });
  await run();
  assert.ok(file("/a/one") !== undefined && file("/a/two") === undefined && file() === undefined);
  await run({ output: "/a/three" });
  assert.ok(file("/a/three") !== undefined);
  await assert.rejects(setUp({}).run(), { code: "options-invalid", hint: /--output FILE/ });
});

test("a file that cannot be merged into, or a cluster without an endpoint, changes nothing", async () => {
  const { run, host, aws } = setUp();
  host.files.put(DEFAULT, "clusters: [");
  await assert.rejects(run(), { code: "kubeconfig-unusable" });
  aws.cluster = { status: "CREATING" };
  await assert.rejects(run(), { code: "cluster-not-active", message: /demo is CREATING/ });
  assert.deepEqual(host.files.changes, []);
});
