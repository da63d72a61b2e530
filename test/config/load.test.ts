import assert from "node:assert/strict";
import { test } from "node:test";
import { OWNED_KUBELET_FLAGS, OWNED_KUBELET_KEYS } from "../../agent/config/kubelet-schema.ts";
import { LAST_GOOD_CONFIG_PATH, loadConfig, loadConfigOrLastGood, parseConfig } from "../../agent/config/load.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { FARGATE_CONFIG, MINIMAL_CONFIG, sampleConfig } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const parse = (text: string) => parseConfig(text, FILE, "gpu-1");

test("the required keys are a cluster, a region and a source of credentials", () => {
  const config = parse("cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k }");
  assert.deepEqual(config.cluster, { name: "demo", region: "us-west-2" });
  assert.equal(config.kubelet.maxPods, 110);
  assert.equal(config.network.cni, "host");
});

test("the node is named after the host, in lower case, unless it has a name", () => {
  assert.equal(parseConfig(MINIMAL_CONFIG, FILE, "GPU-7").node.name, "gpu-7");
  assert.equal(parseConfig(`${MINIMAL_CONFIG}\nnode: { name: lab }`, FILE, "GPU-7").node.name, "lab");
  assert.equal(parseConfig(`${MINIMAL_CONFIG}\nnode: { labels: { a: b } }`, FILE, "GPU-7").node.name, "gpu-7");
});

test("a host name that cannot be a Node's name is refused like a configured one", () => {
  assert.throws(() => parseConfig(MINIMAL_CONFIG, FILE, "gpu_1"), {
    code: "config-invalid",
    message: /node\.name: must be lower-case letters/,
  });
});

test("a fargate node in us-east-1 may have either suffix", () => {
  for (const suffix of ["ec2.internal", "us-east-1.compute.internal"]) {
    const text = FARGATE_CONFIG.replaceAll(/us-west-2(\.compute\.internal)?/g, (_, form) =>
      form ? suffix : "us-east-1",
    );
    assert.equal(parse(text).node.name, `fargate-ip-10-0-2-27.${suffix}`);
  }
});

test("a key without content counts as absent", () => {
  const config = parse(`${MINIMAL_CONFIG}\nkubelet:\naws:\n  endpoints:\n`);
  assert.equal(config.kubelet.path, "/usr/bin/kubelet");
  assert.deepEqual(config.aws.endpoints, {});
});

test("a misspelt key is refused with its line and the nearest known key", () => {
  assert.throws(() => parse(`${MINIMAL_CONFIG}\nkubelet:\n  maxPod: 30\n`), {
    code: "config-invalid",
    message: `${FILE}:8: unknown key kubelet.maxPod`,
    hint: "Did you mean kubelet.maxPods?",
  });
  assert.throws(() => parse(`${MINIMAL_CONFIG}\nclusters: {}\n`), { hint: "Did you mean cluster?" });
});

test("a misspelt key inside a list is refused with its own line", () => {
  assert.throws(() => parse(`${MINIMAL_CONFIG}\nnode:\n  taints:\n    - key: a\n      efect: NoSchedule\n`), {
    message: /config\.yaml:10: unknown key node\.taints\.0\.efect/,
    hint: "Did you mean node.taints.0.effect?",
  });
});

test("a key that resembles none is refused with the keys that are known there", () => {
  assert.throws(() => parse(`${MINIMAL_CONFIG}\nhealth: { certificateAuthority: x }\n`), {
    code: "config-invalid",
    hint: "Known keys here: port, address, allowRemote.",
  });
});

test("a value of the wrong type is refused with its line and the value", () => {
  assert.throws(() => parse(`${MINIMAL_CONFIG}\nkubelet:\n  maxPods: many\n`), {
    code: "config-invalid",
    message: /config\.yaml:8: kubelet\.maxPods: .*expected number.*\(it is "many"\)/,
    hint: /config\.example\.yaml/,
  });
});

test("all mistakes are reported at once", () => {
  assert.throws(
    () => parse("cluster: { name: demo, regin: x }\nhealth: { port: 70000 }\n"),
    (error: Error) => {
      for (const part of [
        "unknown key cluster.regin",
        "cluster.region: is missing",
        "credentials: is missing",
        "70000",
      ])
        assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      return true;
    },
  );
});

test("text that is not YAML is refused with its line", () => {
  assert.throws(() => parse("cluster:\n  name: demo\n  region: [us-west-2\n"), {
    code: "config-syntax",
    message: new RegExp(`^${FILE}:\\d: `),
    hint: /^Correct the YAML on line \d\.$/,
  });
  assert.throws(() => parse("cluster: { name: a }\ncluster: { name: b }\n"), {
    code: "config-syntax",
    message: /config\.yaml:2: .*unique/,
  });
});

test("a file that is a list or empty is refused", () => {
  assert.throws(() => parse("- a\n"), { code: "config-invalid", message: /the configuration/ });
  assert.throws(() => parse(""), { code: "config-invalid", message: /cluster: is missing/ });
});

test("kubelet keys and flags that the agent computes are refused by name", () => {
  for (const key of OWNED_KUBELET_KEYS)
    assert.throws(() => sampleConfig(`kubelet: { config: { ${key}: x } }`), {
      code: "config-invalid",
      message: new RegExp(`kubelet\\.config: ${key}: eks-satellite computes this itself; remove it`),
    });
  for (const flag of OWNED_KUBELET_FLAGS)
    assert.throws(() => sampleConfig(`kubelet: { flags: { ${flag}: x } }`), {
      code: "config-invalid",
      message: new RegExp(`kubelet\\.flags: ${flag}: eks-satellite computes this itself; remove it`),
    });
});

test("a missing file is an error that says what to write", async () => {
  await assert.rejects(loadConfig(new MemoryHost(), FILE), {
    code: "config-missing",
    message: `there is no configuration at ${FILE}`,
    hint: /cluster\.name, cluster\.region and credentials/,
  });
});

test("a valid configuration is kept for a start with an invalid file", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  const { config, problem } = await loadConfigOrLastGood(host, FILE);
  assert.equal(config.node.name, "gpu-1");
  assert.equal(problem, undefined);
  assert.deepEqual(
    [host.files.peek(LAST_GOOD_CONFIG_PATH)?.content, host.files.peek(LAST_GOOD_CONFIG_PATH)?.mode],
    [MINIMAL_CONFIG, 0o600],
  );
});

test("a configuration that has not changed is not written again", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  await loadConfigOrLastGood(host, FILE);
  const before = host.files.changes.length;
  await loadConfigOrLastGood(host, FILE);
  assert.equal(host.files.changes.length, before);
});

test("a broken configuration leaves the last good one in force and reports the mistake", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, `${MINIMAL_CONFIG}\nnode: { name: before }`);
  await loadConfigOrLastGood(host, FILE);
  for (const broken of ["cluster: [", `${MINIMAL_CONFIG}\nnodes: {}`]) {
    host.files.put(FILE, broken);
    const { config, problem } = await loadConfigOrLastGood(host, FILE);
    assert.equal(config.node.name, "before");
    assert.match((problem as { code: string }).code, /^config-(syntax|invalid)$/);
  }
});

test("without an earlier configuration, or with a damaged one, the mistake in the file is the error", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, "cluster: [");
  await assert.rejects(loadConfigOrLastGood(host, FILE), { code: "config-syntax", message: /^\/etc\// });
  host.files.put(LAST_GOOD_CONFIG_PATH, "\0garbage: [");
  await assert.rejects(loadConfigOrLastGood(host, FILE), { code: "config-syntax", message: /^\/etc\// });
});

test("a full disk does not keep a valid configuration from being used", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, MINIMAL_CONFIG);
  await loadConfigOrLastGood(host, FILE);
  host.files.put(FILE, `${MINIMAL_CONFIG}\nnode: { name: after }`);
  host.files.refuseWrites("/var/lib/eks-satellite", "ENOSPC");
  const { config, problem } = await loadConfigOrLastGood(host, FILE);
  assert.equal(config.node.name, "after");
  assert.equal((problem as { code: string }).code, "disk-full");
});
