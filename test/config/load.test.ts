import assert from "node:assert/strict";
import { test } from "node:test";
import { OWNED_KUBELET_FLAGS, OWNED_KUBELET_KEYS } from "../../agent/config/kubelet-schema.ts";
import { loadConfig, parseConfig } from "../../agent/config/load.ts";
import type { SatelliteError } from "../../agent/errors.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { FARGATE_CONFIG, MINIMAL_CONFIG, sampleConfig } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const GENERAL = `Correct ${FILE}; config.example.yaml in /usr/share/doc/eks-satellite documents every key.`;
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

test("a host name that cannot be a Node's name is named as such, with the value and the two ways out", () => {
  for (const [hostname, reason] of [
    ["GPU_node_1", /lower-case letters/],
    ["gpu-1.", /lower-case letters/],
    ["-gpu", /lower-case letters/],
    ["a".repeat(64), /at most 63 characters/],
    ["i-0123456789abcdef0", /must not begin with i-/],
    ["", /lower-case letters/],
  ] as const) {
    const start = `${FILE}: node.name is not set, and the machine's host name ${hostname} cannot be a Node's name (`;
    const end = "): set node.name, or change the host name";
    assert.throws(
      () => parseConfig(MINIMAL_CONFIG, FILE, hostname),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "config-invalid");
        assert.ok(error.message.startsWith(start), error.message);
        assert.ok(error.message.includes(end), error.message);
        assert.match(error.message, reason);
        return true;
      },
    );
  }
  assert.throws(() => parseConfig(`${MINIMAL_CONFIG}\nnode: { name: GPU }`, FILE, "ok"), {
    message: /:\d+: node\.name: must/,
  });
  assert.throws(() => parseConfig(`${MINIMAL_CONFIG}\nnode: { identity: fargate }`, FILE, "GPU_1"), {
    message: /is missing/,
  });
});

test("each of several mistakes is an error of its own, with its own hint", () => {
  const text = "cluster: { nme: demo, region: us-esat-1 }\ncredentials: { keysFile: /k }\nkubelt: {}\n";
  assert.throws(
    () => parse(text),
    (error: SatelliteError) => {
      assert.deepEqual(
        error.parts.map(({ message, hint }) => [message, hint]),
        [
          [`${FILE}:1: cluster.name: is missing`, GENERAL],
          [`${FILE}:1: cluster.region: must be an AWS region: did you mean us-east-1?`, GENERAL],
          [`${FILE}:1: unknown key cluster.nme`, "Did you mean cluster.name?"],
          [`${FILE}:3: unknown key kubelt`, "Did you mean kubelet?"],
        ],
      );
      assert.equal(error.message, error.parts.map(({ message }) => message).join("; "));
      return true;
    },
  );
});

test("whatever the file is, the error is short and comes at once", () => {
  const laughs = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
  for (let level = 1; level < 12; level += 1) laughs.push(`a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`);
  const texts = {
    empty: "",
    blank: "\n\n# nothing\n",
    "cut off": "cluster: { name: demo, region: us-",
    "an open quote": 'cluster: { name: "demo',
    "billions of words": laughs.join("\n"),
    "an alias of itself": "cluster: &a { name: *a }",
    "a megabyte": `# ${"x".repeat(1024 * 1024)}`,
    "40,000 unknown keys": Array.from({ length: 40_000 }, (_, index) => `k${index}:`).join("\n"),
    "40,000 unknown keys of a table":
      `cluster: {${Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join(", ")}}`.slice(0, 250_000),
    "a long value": `cluster: { name: ${"x".repeat(200_000)}, region: us-east-1 }`,
    "a long key": `${"x".repeat(200_000)}: 1`,
    "deep nesting": `cluster: ${"[".repeat(100_000)}`,
    "deep indentation": Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
    "not text": "\u0000\u0001\u0002",
    "several documents": "cluster: {}\n---\ncluster: {}\n",
    "a key twice": `${MINIMAL_CONFIG}\nnode: {}\nnode: {}\n`,
    "a list": "- a\n",
  };
  for (const [what, text] of Object.entries(texts)) {
    const began = performance.now();
    assert.throws(
      () => parse(text),
      (error: SatelliteError) => {
        assert.match(error.code, /^config-(syntax|invalid)$/, what);
        assert.ok(error.message.length < 4000, `${what}: ${error.message.length} characters`);
        assert.ok((error.hint ?? "").length > 10, what);
        return true;
      },
      what,
    );
    assert.ok(performance.now() - began < 5000, what);
  }
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
    hint: /cluster\.name, cluster\.region and credentials there: eks-satellite configure .*config\.example\.yaml in \/usr\/share\/doc/,
  });
});

test("a window for upgrades is five fields of cron in a time zone that exists", async () => {
  const load = async (kubelet: string) => {
    const host = new MemoryHost();
    host.files.put(
      FILE,
      `cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /keys }\nkubelet: ${kubelet}\n`,
    );
    return (await loadConfig(host, FILE)).kubelet;
  };
  const { upgradeWindow, upgradeTimeZone } = await load(
    '{ upgradeWindow: "0 3 * * SUN", upgradeTimeZone: Europe/Berlin }',
  );
  assert.deepEqual([upgradeWindow, upgradeTimeZone], ["0 3 * * SUN", "Europe/Berlin"]);
  for (const window of ["0 25 * * 0", "0 0 3 * * 0", "every sunday", "0 3 * * 0 0 0 0"])
    await assert.rejects(load(`{ upgradeWindow: "${window}" }`), {
      code: "config-invalid",
      message: /kubelet\.upgradeWindow/,
    });
  await assert.rejects(load("{ upgradeTimeZone: Mars/Olympus }"), {
    code: "config-invalid",
    message: /upgradeTimeZone/,
  });
});
