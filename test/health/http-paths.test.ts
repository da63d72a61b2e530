import assert from "node:assert/strict";
import { test } from "node:test";
import { serveHealth } from "../../agent/health/health-server.ts";
import { HTTP_PATHS } from "../../agent/health/http-paths.ts";
import { createMetrics } from "../../agent/health/metrics.ts";
import { freePort } from "../fakes/free-port.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

for (const isWell of [true, false])
  test(`every path of the table answers with its type and a status of its list, ${isWell ? "well" : "unwell"}`, async (context) => {
    const port = await freePort();
    const stop = new AbortController();
    context.after(() => stop.abort());
    const checks = () => [{ name: "sample", problem: isWell ? undefined : "it is late" }];
    const sources = { livez: checks, readyz: checks, status: () => ({}), metrics: createMetrics([]) };
    await serveHealth({ address: "127.0.0.1", port }, sources, createMemoryLog().log, stop.signal);
    for (const [path, { contentType, answers, isProbe }] of Object.entries(HTTP_PATHS)) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      await answer.text();
      assert.equal(answer.headers.get("content-type"), contentType, path);
      assert.equal(answer.status, isWell || !isProbe ? 200 : 503, path);
      assert.ok(Object.keys(answers).includes(String(answer.status)), path);
    }
  });
