import assert from "node:assert/strict";
import { test } from "node:test";
import { askRow, type Question } from "./questions.ts";

const ONCE = { deadlineMs: 1, intervalMs: 1 };
const ONCE_MORE = { deadlineMs: 10_000, intervalMs: 1 };

const row = (...questions: readonly Question[]) => ({ name: "pod → pod", questions: async () => questions });

test("a row passes when every answer is as expected, an error among them where that is what is expected", async () => {
  const refused = async () => {
    throw new Error("denied by a webhook");
  };
  const problem = await askRow(
    row(
      { asked: "a page", ask: async () => "alone asked from 10.0.0.1", answer: /^alone/ },
      { asked: "what is refused", ask: refused, answer: /^error: denied/ },
    ),
    ONCE,
  );
  assert.equal(problem, undefined);
});

test("a row that fails says what was asked, what was expected and what came", async () => {
  const wrong = { asked: "curl http://10.250.16.2:8080/", ask: async () => "another page", answer: /^alone/ };
  assert.equal(
    await askRow(row(wrong), ONCE),
    "asked: curl http://10.250.16.2:8080/\nexpected: /^alone/\ncame: another page",
  );
  assert.match((await askRow(row({ ...wrong, ask: async () => "" }), ONCE)) ?? "", /came: nothing$/);
});

test("an error is what came, and no word of it passes for the answer itself", async () => {
  const failing = async () => {
    throw new Error("alone is away");
  };
  const problem = await askRow(row({ asked: "a page", ask: failing, answer: /^alone/ }), ONCE);
  assert.match(problem ?? "", /came: error: alone is away$/);
});

test("a row whose questions cannot be made fails", async () => {
  const away = { name: "pod → pod", questions: async () => Promise.reject(new Error("the API server is away")) };
  assert.equal(await askRow(away, ONCE), "could not be asked: the API server is away");
});

test("a row is asked again, with questions made anew, until it passes", async () => {
  let asked = 0;
  const late = {
    name: "pod → pod",
    questions: async () => {
      asked += 1;
      return [{ asked: "a page", ask: async () => `${asked}`, answer: /^2$/ }];
    },
  };
  assert.equal(await askRow(late, ONCE_MORE), undefined);
  assert.equal(asked, 2);
});
