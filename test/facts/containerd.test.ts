import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "smol-toml";
import { parseToml, readContainerdConfig } from "../../agent/facts/containerd.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const PATH = "/etc/containerd/config.toml";

function read(text: string | undefined) {
  const host = new MemoryHost();
  if (text !== undefined) host.files.put(PATH, text);
  return readContainerdConfig(host, PATH);
}

test("a missing file is absent, and an empty one is a table without keys", async () => {
  assert.deepEqual(await read(undefined), { kind: "absent" });
  const empty = await read("");
  assert.ok(empty.kind === "parsed");
  assert.deepEqual(Object.keys(empty.table), []);
});

test("a file that may not be read is an error, not an absent file", async () => {
  const host = new MemoryHost();
  host.files.put(PATH, "");
  host.files.refuseReads(PATH);
  await assert.rejects(readContainerdConfig(host, PATH), { code: "file-unreadable" });
});

test("whole numbers and fractions keep their kind when the table is written again", () => {
  const text = "a = 1\nb = 1.0\nc = 9007199254740993\n";
  assert.equal(stringify(parseToml(text), { numbersAsFloat: true }).trim(), text.trim());
});

test("a text that is not TOML is a finding with file and line, and quotes nothing of the file", async () => {
  const config = await read('version = 2\n[a]\npassword = "hunter2\n');
  assert.ok(config.kind === "unparsable");
  assert.equal(config.error.code, "containerd-config-unparsable");
  assert.match(config.error.message, /^\/etc\/containerd\/config\.toml:3 is not TOML; it is left as it is/);
  assert.match(config.error.hint ?? "", /containerd config dump/);
  assert.doesNotMatch(`${config.error.message} ${(config.error.cause as Error).message}`, /hunter2/);
});
