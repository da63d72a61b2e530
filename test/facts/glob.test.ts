import assert from "node:assert/strict";
import { test } from "node:test";
import { expandGlob } from "../../agent/facts/glob.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

function setUp(...paths: readonly string[]) {
  const host = new MemoryHost();
  for (const path of paths) host.files.put(path, "");
  return (pattern: string) => expandGlob(host, pattern);
}

test("every part of a path may be a pattern, and names come in order", async () => {
  const glob = setUp("/etc/b.d/2.toml", "/etc/b.d/1.toml", "/etc/a.d/9.toml", "/etc/a.d/README", "/etc/x/1.toml");
  assert.deepEqual(await glob("/etc/*.d/*.toml"), ["/etc/a.d/9.toml", "/etc/b.d/1.toml", "/etc/b.d/2.toml"]);
  assert.deepEqual(await glob("/etc/x/*"), ["/etc/x/1.toml"]);
});

test("`?`, classes and escapes mean what they mean to Go", async () => {
  const glob = setUp("/d/a1", "/d/b1", "/d/c1", "/d/-1", "/d/x*", "/d/.h");
  assert.deepEqual(await glob("/d/?1*"), ["/d/-1", "/d/a1", "/d/b1", "/d/c1"]);
  assert.deepEqual(await glob("/d/[a-b]*"), ["/d/a1", "/d/b1"]);
  assert.deepEqual(await glob("/d/[^a-b]1*"), ["/d/-1", "/d/c1"]);
  assert.deepEqual(await glob("/d/*\\*"), ["/d/x*"]);
  assert.deepEqual(await glob("/d/[\\-]1*"), ["/d/-1"]);
  assert.deepEqual(await glob("/d/*h"), ["/d/.h"], "a dot is no special sign");
});

test("a malformed pattern, a missing folder and a file for a folder match nothing", async () => {
  const glob = setUp("/d/a");
  for (const pattern of ["/d/[a", "/d/[]a]*", "/d/[a-]*", "/d/*\\", "/none/*", "/d/a/*"])
    assert.deepEqual(await glob(pattern), [], pattern);
});

test("many stars on a long name end soon", async () => {
  const glob = setUp(`/d/${"a".repeat(255)}`);
  assert.deepEqual(await glob(`/d/${"a*".repeat(120)}b`), []);
});
