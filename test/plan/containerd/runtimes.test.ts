import assert from "node:assert/strict";
import { test } from "node:test";
import { parseToml } from "../../../agent/facts/containerd.ts";
import { unifyRuntimes } from "../../../agent/plan/containerd/runtimes.ts";

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const unify = (text: string, version = "1.7.27") => plain(unifyRuntimes(parseToml(text), version));

const LINUX = 'runtime_type = "io.containerd.runtime.v1.linux"';
const RUNC = 'runtime_type = "io.containerd.runc.v2"';

test("a default_runtime that copies a runtime makes that one the default by name", () => {
  const nvidia = `${RUNC}\noptions = { BinaryName = "/n" }`;
  const { containerd } = unify(
    `[containerd]\ndefault_runtime_name = "runc"\n[containerd.default_runtime]\n${nvidia}\n[containerd.runtimes.nvidia]\n${nvidia}\n`,
  );
  assert.equal(containerd.default_runtime_name, "nvidia");
  assert.deepEqual(Object.keys(containerd.runtimes), ["nvidia", "default"], "pods may ask for either name");
  assert.equal(containerd.default_runtime, undefined);
});

test("a default_runtime of its own becomes runtime `default`, as containerd 1 names it, before one of that name", () => {
  const { containerd } = unify(
    `[containerd.default_runtime]\n${RUNC}\n[containerd.runtimes.default]\nruntime_type = "io.containerd.kata.v2"\n`,
  );
  assert.deepEqual(containerd, {
    default_runtime_name: "default",
    runtimes: { default: { runtime_type: "io.containerd.runc.v2" } },
  });
});

test("a default_runtime without a type is none, and containerd 2 has no such table", () => {
  const empty = '[containerd.default_runtime]\nruntime_type = ""\nruntime_engine = ""\n';
  assert.deepEqual(unify(empty), plain(parseToml(empty)));
  const full = `[containerd.default_runtime]\n${RUNC}\n[containerd.untrusted_workload_runtime]\n${RUNC}\n`;
  assert.deepEqual(unify(full, "2.2.0"), plain(parseToml(full)));
});

test("untrusted_workload_runtime becomes runtime `untrusted`, unless there is one", () => {
  assert.deepEqual(unify(`[containerd.untrusted_workload_runtime]\n${RUNC}\n`).containerd, {
    runtimes: { untrusted: { runtime_type: "io.containerd.runc.v2" } },
  });
  const both = `[containerd.untrusted_workload_runtime]\n${RUNC}\n[containerd.runtimes.untrusted]\n${RUNC}\n`;
  assert.deepEqual(unify(both), plain(parseToml(both)));
});

test("what the oldest type says in keys of its own is said in options of today's type", () => {
  const old = `[containerd.runtimes.x]\n${LINUX}\nruntime_engine = "/n"\nruntime_root = "/r"\nprivileged_without_host_devices = true\n`;
  assert.deepEqual(unify(old).containerd.runtimes.x, {
    runtime_type: "io.containerd.runc.v2",
    privileged_without_host_devices: true,
    options: { BinaryName: "/n", Root: "/r" },
  });
  const options = `[containerd.runtimes.x]\n${LINUX}\n[containerd.runtimes.x.options]\nRuntime = "/n"\nRuntimeRoot = "/r"\n`;
  const { BinaryName, Root } = unify(options).containerd.runtimes.x.options;
  assert.deepEqual({ BinaryName, Root }, { BinaryName: "/n", Root: "/r" });
});

test("systemd_cgroup and no_pivot, which only the oldest type may have, go; no_pivot is kept in its runtimes' options", () => {
  const text = `systemd_cgroup = true\n[containerd]\nno_pivot = true\n[containerd.runtimes.x]\n${LINUX}\n[containerd.runtimes.y]\n${RUNC}\n`;
  assert.deepEqual(unify(text), {
    containerd: {
      runtimes: {
        x: { runtime_type: "io.containerd.runc.v2", options: { NoPivotRoot: true } },
        y: { runtime_type: "io.containerd.runc.v2" },
      },
    },
  });
  const off = "systemd_cgroup = false\n[containerd]\nno_pivot = false\n";
  assert.deepEqual(unify(off), plain(parseToml(off)));
});

test("runtimes that start no runc, and today's with empty old keys, stay as they are", () => {
  const text = `[containerd.runtimes.kata]\nruntime_type = "io.containerd.kata.v2"\nruntime_root = "/k"\n[containerd.runtimes.nvidia]\nruntime_engine = ""\nruntime_root = ""\n${RUNC}\n`;
  assert.equal(JSON.stringify(unify(text)), JSON.stringify(plain(parseToml(text))), "in the same order too");
});

test("containerd 2 has no older type of runc's: they become today's", () => {
  for (const type of ["io.containerd.runc.v1", "io.containerd.runtime.v1.linux"])
    assert.equal(
      unify(`[containerd.runtimes.x]\nruntime_type = "${type}"\n`, "2.2.0").containerd.runtimes.x.runtime_type,
      "io.containerd.runc.v2",
    );
});
