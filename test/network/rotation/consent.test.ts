import assert from "node:assert/strict";
import { test } from "node:test";
import { askForConsent } from "../../../agent/network/rotation/consent.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";

const [ONE, TWO] = [{ address: "10.20.1.5" }, { address: "10.20.2.5" }];

function hostOf(answers: Readonly<Record<string, number>>) {
  const host = new MemoryHost();
  host.onFetch = ({ url, connectTo, method }) => {
    assert.deepEqual(
      [method, new URL(url).searchParams.get("key"), new URL(url).hostname],
      ["POST", "a+b=", connectTo],
    );
    const status = answers[connectTo ?? ""];
    if (status === undefined) throw new Error("silent");
    return { status, body: "x".repeat(100) };
  };
  return host;
}

test("the gateway that carries the traffic decides; another one that answers must consent, too", async () => {
  for (const [answers, expected] of [
    [{ "10.20.1.5": 200 }, "ready"],
    [{ "10.20.1.5": 200, "10.20.2.5": 200 }, "ready"],
    [{ "10.20.1.5": 200, "10.20.2.5": 409 }, "unknown"],
    [{ "10.20.1.5": 200, "10.20.2.5": 404 }, "unsupported"],
    [{ "10.20.1.5": 409, "10.20.2.5": 200 }, "unknown"],
    [{ "10.20.2.5": 200 }, "silent"],
    [{ "10.20.1.5": 500 }, "silent"],
  ] as const)
    assert.equal(await askForConsent(hostOf(answers), [ONE, TWO], "a+b="), expected);
});

test("without a gateway no question is sent", async () => {
  assert.equal(await askForConsent(hostOf({}), [], "a+b="), "silent");
});

test("an answer without an end is no consent", async () => {
  const host = hostOf({});
  host.onFetch = () => ({ status: 200, body: "x".repeat(10_000) });
  assert.equal(await askForConsent(host, [ONE], "a+b="), "silent");
});
