import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSetting, toTable } from "../../../agent/admin/user-data/settings.ts";

const read = (text: string) => parseSetting(text).value;
const tableOf = (...texts: readonly string[]) => JSON.parse(JSON.stringify(toTable(texts.map(parseSetting))));

for (const [text, value] of [
  ["gpu.taint=true", true],
  ["kubelet.maxPods=20", 20],
  ["node.labels.team=true", "true"],
  ["kubelet.version=1.30", "1.30"],
  ["kubelet.upgradeWindow=0 3 * * 0", "0 3 * * 0"],
  ["node.ip=192.0.2.10", "192.0.2.10"],
  ["log.level=debug", "debug"],
  ["network.tunnel.mtu=auto", "auto"],
  ["network.tunnel.mtu=1400", 1400],
  ["kubelet.flags.v=4", 4],
  ["kubelet.flags.feature-gates=A=true", "A=true"],
  ["kubelet.flags.x=a # b: c", "a # b: c"],
  ["kubelet.flags.x=1e3", "1e3"],
  ["credentials.process=[/usr/local/bin/keys, --json]", ["/usr/local/bin/keys", "--json"]],
  ["credentials.profile.name=a=b", "a=b"],
  ["node.taints=[{key: a, effect: NoSchedule}]", [{ key: "a", effect: "NoSchedule" }]],
] as const) {
  test(`${text} has the type of its key`, () => {
    assert.deepEqual(read(text), value);
  });
}

test("a label's key keeps its dots, a table of free keys goes deeper at each dot, and quotes hold a word together", () => {
  assert.deepEqual(
    tableOf(
      "node.labels.example.com/rack=r7",
      "kubelet.config.systemReserved.memory=1Gi",
      'containerd.config.plugins."io.containerd.grpc.v1.cri".restrict_oom_score_adj=true',
      'containerd.registries."docker.io".server=https://mirror.example.com',
    ),
    {
      node: { labels: { "example.com/rack": "r7" } },
      kubelet: { config: { systemReserved: { memory: "1Gi" } } },
      containerd: {
        config: { plugins: { "io.containerd.grpc.v1.cri": { restrict_oom_score_adj: true } } },
        registries: { "docker.io": { server: "https://mirror.example.com" } },
      },
    },
  );
});

test("a later setting wins, and a table stays what it was otherwise", () => {
  assert.deepEqual(
    tableOf("kubelet.config={a: 1, b: 2}", "kubelet.config.b=3", "kubelet.maxPods=1", "kubelet.maxPods=2"),
    {
      kubelet: { config: { a: 1, b: 3 }, maxPods: 2 },
    },
  );
});

test("a key of JavaScript's own is a key like others", () => {
  const table = toTable([parseSetting("kubelet.config.__proto__.polluted=true")]);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.match(JSON.stringify(table), /__proto__/);
  assert.throws(() => parseSetting("constructor=x"), { code: "config-invalid" });
});

for (const [what, text, code, message, hint] of [
  [
    "a misspelt key",
    "gpu.tain=true",
    "config-invalid",
    /^--set gpu\.tain: unknown key gpu\.tain$/,
    /Did you mean gpu\.taint\?/,
  ],
  [
    "a key that nothing is near",
    "zzzzzzzz=1",
    "config-invalid",
    /unknown key zzzzzzzz/,
    /Known keys here: cluster, node/,
  ],
  ["a key below a value", "gpu.taint.x=1", "config-invalid", /gpu\.taint has no key x/, /--set gpu\.taint=VALUE/],
  ["an item of a list", "node.taints.0.key=a", "config-invalid", /node\.taints has no key 0/, /node\.taints=\[…\]/],
  ["no value", "gpu.taint", "options-invalid", /is not KEY=VALUE/, /--set gpu\.taint=true/],
  ["no key", "=true", "options-invalid", /is not KEY=VALUE/, /./],
  ["an open quote", 'containerd.registries."docker.io.server=x', "options-invalid", /is not KEY=VALUE/, /./],
  ["two dots", "gpu..taint=true", "options-invalid", /not words with dots/, /quoted/],
  ["no YAML", "node.taints=[{", "config-invalid", /the value is not YAML/, /\[a, b\]/],
  ["a comment, which would be lost", "kubelet.config.a=b #c", "config-invalid", /needs quotes/, /in quotes/],
  ["a control character", "node.labels.a=\u001b[31m", "options-invalid", /control character/, /./],
  ["half a character", "node.labels.a=\ud800", "options-invalid", /control character/, /./],
  ["a value without end", `node.labels.a=${"x".repeat(70_000)}`, "options-invalid", /is not KEY=VALUE/, /./],
] as const) {
  test(`${what} is refused, and says what is meant`, () => {
    assert.throws(() => parseSetting(text), { code, message, hint });
  });
}

test("a text may have line ends, tabs and every letter", () => {
  assert.equal(read("credentials.profile.name=a\n\tß😀"), "a\n\tß😀");
});
