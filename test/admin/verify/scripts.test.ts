// What runs in the pods is shell that every sh reads, and the probe's report is what its reader reads.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readProbeReport } from "../../../agent/admin/verify/probe-report.ts";
import { GPU_SCRIPT, PROBE_SCRIPT, WEB_SCRIPT } from "../../../agent/admin/verify/scripts.ts";

test("the scripts are shell", () => {
  for (const script of [WEB_SCRIPT, PROBE_SCRIPT, GPU_SCRIPT]) {
    const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  }
});

/** Runs a pod's script in a folder, with programs in place of busybox's. */
function runScript(script: string, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "probe-"));
  try {
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    writeFileSync(join(folder, "resolv.conf"), "nameserver 10.100.0.10\nsearch default.svc.site svc.site site\n");
    const here = script
      .replaceAll("/work", folder)
      .replaceAll("/dev/termination-log", join(folder, "report"))
      .replaceAll("/dev/nvidia[0-9]*", join(folder, "nvidia[0-9]"))
      .replaceAll("/etc/resolv.conf", join(folder, "resolv.conf"));
    const env = {
      ...{ PATH: `${folder}:${process.env.PATH}`, TOKEN: "verify-1", NODE_IP: "10.0.0.2", NODE_PORT: "30001" },
      ...{ API_IP: "10.100.0.1", API_HOST: "10.100.0.1", SERVICE_HOST: "10.100.7.7" },
    };
    // In a pod the end of the first process ends all; here the group of processes does.
    const whole = `trap 'kill -9 0' EXIT\n${here}`;
    spawnSync("setsid", ["--wait", "sh", "-c", whole], { env, timeout: 30_000, stdio: "ignore" });
    return readFileSync(join(folder, "report"), "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const WGET = `case "$*" in
  *10.100.0.1*) echo "wget: server returned error: HTTP/1.0 400 Bad Request" >&2; exit 1 ;;
  *) echo verify-1 ;;
esac`;

test("each question that is answered is a yes; DNS is asked in the cluster's own domain", () => {
  const nslookup =
    'echo "Address: 10.100.0.10:53"; [ "$1" = kubernetes.default.svc.site ] && echo "Address: 10.100.0.1"';
  const report = readProbeReport(runScript(PROBE_SCRIPT, { wget: WGET, nslookup }));
  assert.deepEqual(
    [...report].map(([name, { verdict }]) => `${name} ${verdict}`),
    ["dns yes", "cluster-ip yes", "service yes", "node-port yes"],
  );
});

test("a question that nothing answers ends with the probe's time, and hides no other", () => {
  const nslookup = 'echo "Address: 10.100.0.10"; echo "server can\'t find it: NXDOMAIN"; exit 1';
  const wget = WGET.replace("*) echo verify-1", "*10.100.7.7*) exec sleep 60 ;;\n  *) echo verify-1");
  const report = readProbeReport(runScript(PROBE_SCRIPT, { wget, nslookup }));
  assert.deepEqual(
    [...report].map(([name, { verdict }]) => `${name} ${verdict}`),
    ["dns no", "cluster-ip yes", "service no", "node-port yes"],
  );
  assert.match(report.get("dns")?.said ?? "", /NXDOMAIN/);
});

test("a device that can be opened is named, and so is why another one cannot", () => {
  const smi = 'echo "GPU 0: NVIDIA A10 (UUID: GPU-1)"';
  assert.match(
    runScript(GPU_SCRIPT, { nvidia0: "", "nvidia-smi": smi }),
    /^opened: \S+nvidia0\nproblems:\nGPU 0: NVIDIA A10/,
  );
  assert.match(runScript(GPU_SCRIPT, {}), /^opened:\nproblems: .*(No such file|nonexistent)/);
});
