import assert from "node:assert/strict";
import { test } from "node:test";
import { checkId, checkName, checkRegion } from "../../agent/commands/eni-options.ts";

test("ids have 8 or 17 hexadecimal digits after their kind", () => {
  checkId("subnet", "subnet-051a611f159253cba", "--subnet");
  checkId("eni", "eni-0123abcd", "ENI");
  for (const id of ["subnet-051a", "sg-051a611f159253cba", "subnet-051A611F159253CBA", "subnet-051a611f159253cba\n"])
    assert.throws(() => checkId("subnet", id, "--subnet"), {
      code: "options-invalid",
      message: `--subnet ${JSON.stringify(id)} is not an id of that kind`,
    });
});

test("a name must be a value that a tag may have", () => {
  for (const name of ["gpu-1", "GPU 1 (a)".replaceAll(/[()]/g, ""), "ü", "x".repeat(256)]) checkName(name);
  for (const name of ["", " gpu", "gpu ", "a&b", "x".repeat(257)])
    assert.throws(() => checkName(name), { code: "options-invalid" }, JSON.stringify(name));
});

test("a region must look like one", () => {
  checkRegion("us-gov-west-1");
  assert.throws(() => checkRegion("Oregon"), { code: "options-invalid", message: /^--region "Oregon" / });
});
