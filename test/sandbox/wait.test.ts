import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "./wait.ts";

test("the first value that is neither undefined nor false is what was waited for; what throws is not yet", async () => {
  const answers = [() => undefined, () => false as const, () => assert.fail("not yet"), () => "there"];
  const wait = { what: "an answer", deadlineMs: 10_000, intervalMs: 1 };
  assert.equal(await waitFor(wait, async () => answers.shift()?.()), "there");
});

test("a wait that is over says for what and how long, why the last look failed, and what explains it", async () => {
  const wait = { what: "a miracle", deadlineMs: 20, intervalMs: 1, explain: () => "last lines" };
  await assert.rejects(
    waitFor(wait, () => Promise.reject(new Error("none"))),
    (error: Error) => error.message === "waited 0.02 s for a miracle\nlast lines" && /none/.test(String(error.cause)),
  );
});

test("looks that are long are taken less often, unless who waits says how often", async () => {
  const countLooks = async (interval: { readonly intervalMs?: number }) => {
    let looks = 0;
    const look = async () => {
      looks += 1;
      await delay(80);
      return undefined;
    };
    await assert.rejects(waitFor({ what: "nothing", deadlineMs: 1000, ...interval }, look));
    return looks;
  };
  const [rare, often] = await Promise.all([countLooks({}), countLooks({ intervalMs: 1 })]);
  assert.ok(rare >= 1 && rare <= 5, `${rare} looks of 80 ms in 1000`);
  assert.ok(often > rare, `${often} and ${rare}`);
});
