import assert from "node:assert/strict";
import { test } from "node:test";
import { type RevokeOptions, revokeCommand } from "../../agent/commands/revoke.ts";

const OPTIONS: RevokeOptions = {
  ...{ cluster: "demo", region: "us-west-2", method: "auto", backupFolder: "." },
  ...{ yes: true, dryRun: false, tunnel: false, output: "text" },
};

const REFUSED: readonly (readonly [what: string, options: Partial<RevokeOptions>, code: string, message: RegExp])[] = [
  ["without a role or user", {}, "options-invalid", /^no role or user is named$/],
  [
    "of a user without its node",
    { userArn: "arn:aws:iam::111122223333:user/gpu" },
    "options-invalid",
    /^user arn:aws:iam::111122223333:user\/gpu needs --node-name$/,
  ],
  ["of a cluster that cannot exist", { cluster: "-" }, "cluster-invalid", /^--cluster "-" /],
];
for (const [what, options, code, message] of REFUSED)
  test(`revoke ${what} is refused before AWS is called`, async () => {
    const openAdmin = () => assert.fail("AWS was called");
    const context = { openAdmin, confirm: undefined };
    await assert.rejects(
      revokeCommand(context, { ...OPTIONS, ...options }, () => undefined),
      { code, message },
    );
  });
