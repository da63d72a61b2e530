import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNodeName } from "../../agent/admin/node-name-rules.ts";

const refusals: readonly (readonly [name: string, message: RegExp, hint: RegExp])[] = [
  ["GPU-1", /"GPU-1" is not a DNS name in lower case/, /node\.name/],
  ["gpu_1", /is not a DNS name/, /a-z/],
  ["-gpu", /is not a DNS name/, /a-z/],
  ["gpu..1", /is not a DNS name/, /a-z/],
  ["", /"" is not a DNS name/, /a-z/],
  ["gpu 1", /is not a DNS name/, /a-z/],
  ["ünode", /is not a DNS name/, /a-z/],
  ["a".repeat(64), /has 64 characters/, /63/],
  ["i-0123456789abcdef0", /begins with i-/, /EC2 instance/],
  ["fargate-ip-10-0-2-27.ec2.internal", /begins with fargate-/, /--identity fargate/],
  ["Joe@example.com", /has an @/, /joe-example\.com/],
];

for (const [name, message, hint] of refusals)
  test(`the node name ${JSON.stringify(name.slice(0, 40))} is refused, with what to do`, () => {
    assert.throws(() => checkNodeName(name, "hybrid"), { code: "node-name-invalid", message, hint });
  });

test("host names pass, and fargate-ip names under the identity that uses them", () => {
  for (const name of ["gpu-1", "a", "129-146-10-20", "gpu.lab.example.com", "a".repeat(63), "imp-1"])
    checkNodeName(name, "hybrid");
  checkNodeName("fargate-ip-10-0-2-27.ec2.internal", "fargate");
});
