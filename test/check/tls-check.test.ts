import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpCheck } from "../fakes/check-machine.ts";

test("a variable that turns off the verification of certificates fails, with the way that keeps it", async () => {
  const { find } = setUpCheck();
  const { outcome, remedy } = await find("tls", { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  assert.equal(outcome, "fail");
  assert.match(remedy ?? "", /NODE_EXTRA_CA_CERTS/);
  assert.equal((await find("tls", { NODE_TLS_REJECT_UNAUTHORIZED: "1" })).outcome, "ok");
  assert.equal((await find("tls")).outcome, "ok");
});
