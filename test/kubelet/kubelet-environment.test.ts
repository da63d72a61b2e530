import assert from "node:assert/strict";
import { test } from "node:test";
import { kubeletEnvironment } from "../../agent/kubelet/kubelet-environment.ts";

test("kubelet gets neither systemd's words for this process, nor its settings, nor other AWS keys", () => {
  const environment = kubeletEnvironment({
    PATH: "/usr/bin",
    HTTPS_PROXY: "http://proxy:3128",
    NOTIFY_SOCKET: "/run/systemd/notify",
    WATCHDOG_USEC: "90000000",
    WATCHDOG_PID: "42",
    NODE_OPTIONS: "--inspect",
    NODE_COMPILE_CACHE: "/var/cache",
    UV_THREADPOOL_SIZE: "16",
    JOURNAL_STREAM: "8:1",
    AWS_PROFILE: "other",
    AWS_SHARED_CREDENTIALS_FILE: "/root/.aws/credentials",
    EMPTY: undefined,
  });
  assert.deepEqual(environment, { PATH: "/usr/bin", HTTPS_PROXY: "http://proxy:3128" });
});
