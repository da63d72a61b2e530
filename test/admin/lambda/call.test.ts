import assert from "node:assert/strict";
import { test } from "node:test";
import { createCallLambda } from "../../../agent/admin/lambda/call.ts";
import { describe } from "../../../agent/errors.ts";
import type { HttpResponse } from "../../../agent/host/host.ts";
import { ACCESS, callOf, refusal, success, WIRE_ANSWERS, WIRE_INSTANCE } from "../../fakes/lambda-answers.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const LAUNCH = "POST /instance-operations/launch";
const BODY = { region_name: "us-west-1", instance_type_name: "gpu_1x_a10", ssh_key_names: ["work"] };
const LIMITED: HttpResponse = { status: 429, body: "" };

function setUp(...answers: readonly (HttpResponse | Error)[]) {
  const host = new MemoryHost();
  const begin = host.clock.monotonic();
  const sent: string[] = [];
  const left = [...answers];
  host.onFetch = (request) => {
    sent.push(`${(host.clock.monotonic() - begin) / 1000} ${callOf(request)}`);
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next ?? success(WIRE_ANSWERS[callOf(request)]);
  };
  return { host, sent, call: createCallLambda(host, ACCESS) };
}

/** Lets an hour pass, and says how the call ended. */
async function outcome<T>(host: MemoryHost, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await host.clock.advance(3_600_000);
  return promise;
}

test("requests are 1.1 s apart, and launches 12.5 s", async () => {
  const { host, sent, call } = setUp();
  const all = Promise.all([
    call("GET /instances", {}),
    call(LAUNCH, { body: BODY }),
    call("GET /instances", {}),
    call(LAUNCH, { body: BODY }),
    call("GET /ssh-keys", {}),
  ]);
  await outcome(host, all);
  assert.deepEqual(sent, [
    "0 GET /instances",
    `1.1 ${LAUNCH}`,
    "2.2 GET /instances",
    `13.6 ${LAUNCH}`,
    "14.7 GET /ssh-keys",
  ]);
});

test("a 429 is waited out as long as the server says, and holds all requests", async () => {
  const { host, sent, call } = setUp({ ...LIMITED, retryAfter: "7" });
  await outcome(host, Promise.all([call("GET /instances", {}), call("GET /ssh-keys", {})]));
  assert.deepEqual(sent, ["0 GET /instances", "7 GET /instances", "8.1 GET /ssh-keys"]);
});

test("a 429 without a time is waited out with growing pauses, and has an end", async () => {
  const { host, sent, call } = setUp(...Array.from({ length: 9 }, () => LIMITED));
  await assert.rejects(outcome(host, call("GET /instances", {})), { code: "lambda-rate-limited", message: /6 times/ });
  assert.deepEqual(
    sent.map((line) => Number.parseFloat(line)),
    [0, 5, 15, 35, 75, 135],
  );
});

test("a launch that was answered 429 is sent again no sooner than 12.5 s later", async () => {
  const { host, sent, call } = setUp({ ...LIMITED, retryAfter: "1" });
  await outcome(host, call(LAUNCH, { body: BODY }));
  assert.deepEqual(sent, [`0 ${LAUNCH}`, `12.5 ${LAUNCH}`]);
});

test("a wait ends with the signal, nothing is sent, and the next request has its turn", async () => {
  const { host, sent, call } = setUp();
  await call("GET /instances", {});
  const stop = new AbortController();
  const waiting = call("GET /ssh-keys", { signal: stop.signal });
  stop.abort();
  await assert.rejects(waiting, { code: "interrupted" });
  await outcome(host, call("GET /images", {}));
  assert.deepEqual(sent, ["0 GET /instances", "1.1 GET /images"]);
});

test("a request that is not answered names the server, and not the key", async () => {
  const { host, call } = setUp(new Error("read ECONNRESET"));
  const error = await outcome(host, call("GET /instances", {})).catch(describe);
  assert.deepEqual((error as { code: string }).code, "lambda-no-answer");
  assert.match(JSON.stringify(error), /https:\/\/cloud\.lambda\.ai\/api\/v1.*ECONNRESET/);
  assert.ok(!JSON.stringify(error).includes("lambda-key-of-the-test"));
});

for (const [what, response, code, message] of [
  ["a refusal", refusal(403, "global/account-inactive"), "lambda-account-blocked", /global\/account-inactive/],
  ["a proxy's page of 502", { status: 502, body: "<html>" }, "lambda-trouble", /HTTP 502/],
  ["a login page of 200", { status: 200, body: "<!doctype html>" }, "lambda-answer-invalid", /HTTP 200 with a page/],
  ["a redirect", { status: 302, body: "" }, "lambda-answer-invalid", /HTTP 302/],
  ["an empty answer", { status: 200, body: "" }, "lambda-answer-invalid", /HTTP 200 with no data/],
  ["JSON without data", { status: 200, body: "[1]" }, "lambda-answer-invalid", /no data/],
  ["null", { status: 200, body: "null" }, "lambda-answer-invalid", /no data/],
] as const)
  test(`${what} is ${code}`, async () => {
    const { call } = setUp(response);
    await assert.rejects(call("GET /instances", {}), { code, message });
  });

test("an answer of another shape is refused by its path, without a value", async () => {
  const { call } = setUp(success([{ ...WIRE_INSTANCE, status: { jupyter: "jupyter-secret" }, actions: "none" }]));
  const error = await call("GET /instances", {}).catch(describe);
  assert.match(JSON.stringify(error), /data\.0\.status: .*; data\.0\.actions: /);
  assert.ok(!JSON.stringify(error).includes("jupyter-secret"));
});

test("an answer without a body is a success where nothing is expected", async () => {
  const { call } = setUp({ status: 204, body: "" });
  assert.equal(await call("DELETE /ssh-keys/{id}", { id: "key-1" }), undefined);
});
