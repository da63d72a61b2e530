import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { showCommand } from "../../../agent/commands/config/show.ts";
import { validateCommand } from "../../../agent/commands/config/validate.ts";
import { LAST_GOOD_CONFIG_PATH, parseConfig } from "../../../agent/config/load.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";

function setUp(text: string) {
  const host = new MemoryHost();
  host.files.put(FILE, text);
  const said: string[] = [];
  const warned: string[] = [];
  const readInput = async () => text;
  return {
    host,
    said: () => said.join(""),
    warned: () => warned.join(""),
    validate: (output: "text" | "json", file = FILE) =>
      validateCommand({ host, readInput }, { output, file }, (line) => void said.push(line)),
    show: (effective: boolean, output: "text" | "json" = "text") =>
      showCommand(
        host,
        { config: FILE, effective, output },
        { print: (line) => void said.push(line), printError: (line) => void warned.push(line) },
      ),
  };
}

test("a valid file is named with the node that it makes, and from standard input too", async () => {
  for (const file of [FILE, "-"]) {
    const { validate, said } = setUp(MINIMAL_CONFIG);
    assert.equal(await validate("text", file), 0);
    assert.match(said(), new RegExp(`^${file} is valid: node \\S+ of demo in us-west-2\\n$`));
  }
});

test("what is wrong with a file is one error, whose parts name a line and a remedy each; as JSON it is a list", async () => {
  const text = "cluster: { name: demo, regin: us-west-2 }\nkubelet: { maxPods: 0 }\ncredentials: { keysFile: /k }\n";
  const { validate, said } = setUp(text);
  await assert.rejects(validate("text"), { code: "config-invalid" });
  assert.equal(said(), "");
  assert.equal(await validate("json"), 1);
  const { valid, problems } = JSON.parse(said()) as { valid: boolean; problems: { message: string; hint: string }[] };
  assert.equal(valid, false);
  assert.ok(problems.some(({ message }) => message.startsWith(`${FILE}:2: kubelet.maxPods: `)));
  assert.ok(problems.some(({ hint }) => hint === "Did you mean cluster.region?"));
});

test("a window that is no cron expression is found too, and a file that is not there", async () => {
  const { validate } = setUp(`${MINIMAL_CONFIG}\nkubelet: { upgradeWindow: "0 25 * * 0" }\n`);
  await assert.rejects(validate("text", "-"), { code: "config-invalid", message: /no cron expression/ });
  await assert.rejects(validate("text", "/nowhere.yaml"), { code: "config-missing" });
});

test("show prints the keys that are set, with their lines, and --effective every key with its origin", async () => {
  const set = setUp(`${MINIMAL_CONFIG.trim()}\nkubelet:\n  maxPods: 50\n`);
  await set.show(false);
  assert.match(set.said(), /^# \/etc\/eks-satellite\/config\.yaml\ncluster:\n {2}name: demo {2}# line 1\n/);
  assert.match(set.said(), /\nnode:\n {2}name: \S+ {2}# the host name\n/);
  assert.match(set.said(), /\nkubelet:\n {2}maxPods: 50 {2}# line 6\n$/);
  const all = setUp(MINIMAL_CONFIG);
  await all.show(true);
  assert.match(all.said(), /\n {2}maxPods: 110 {2}# default\n/);
  assert.match(all.said(), /\nnetwork:\n {2}cni: host {2}# default\n {2}tunnel:\n {4}mode: auto {2}# default\n/);
});

test("what --effective prints is itself a configuration, with the same meaning", async () => {
  const { host, said, show } = setUp(
    `${MINIMAL_CONFIG}\nnode: { taints: [{ key: a, effect: NoExecute }], labels: { "example.com/x": "true" } }\ncontainerd: { registries: { docker.io: { mirrors: [{ url: "https://m.example" }] } } }\n`,
  );
  await show(true);
  assert.deepEqual(
    parseConfig(said(), "shown", "another"),
    parseConfig((await host.files.read(FILE)) ?? "", FILE, host.hostname),
  );
});

test("secrets are hidden in text and in JSON, and JSON has each key with its origin", async () => {
  const text = `${MINIMAL_CONFIG}\ncontainerd: { config: { registry: { password: hunter2-and-more } } }\n`;
  for (const output of ["text", "json"] as const) {
    const { show, said } = setUp(text);
    await show(true, output);
    assert.doesNotMatch(said(), /hunter2/);
    assert.match(said(), /\[redacted/);
  }
  const { show, said } = setUp(MINIMAL_CONFIG);
  await show(true, "json");
  const { file, values } = JSON.parse(said()) as {
    file: string;
    values: { key: string; value: unknown; from: string }[];
  };
  assert.equal(file, FILE);
  assert.deepEqual(
    values.find(({ key }) => key === "intervals.tokenSeconds"),
    { key: "intervals.tokenSeconds", value: 300, from: "default" },
  );
});

test("while the file is not valid, --effective shows the last good one and says why", async () => {
  const { host, show, said, warned } = setUp("cluster: {}\n");
  host.files.put(LAST_GOOD_CONFIG_PATH, MINIMAL_CONFIG);
  await show(true);
  assert.match(said(), new RegExp(`^# ${LAST_GOOD_CONFIG_PATH}\n`));
  assert.equal((parse(said()) as { cluster: { name: string } }).cluster.name, "demo");
  assert.match(warned(), /config\.yaml is not in force: .*cluster\.name: is missing/);
  await assert.rejects(show(false), { code: "config-invalid" });
});
