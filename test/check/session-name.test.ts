import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionNameRemedy } from "../../agent/check/session-name.ts";
import { rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";
import { sampleConfig } from "../fakes/samples.ts";

const session = (name: string) => `arn:aws:sts::111122223333:assumed-role/satellite/${name}`;
const config = sampleConfig();

test("a session with the node's name needs nothing, and neither does an ARN that is no session's", () => {
  assert.equal(sessionNameRemedy(session("gpu-1"), config), undefined);
  for (const arn of [undefined, "", "arn:aws:iam::111122223333:user/gpu-machines", "arn:aws:iam::111122223333:root"])
    assert.equal(sessionNameRemedy(arn, config), undefined);
});

test("an @ in a session's name is the - of the node's name", () => {
  const { node, ...rest } = config;
  const named = { ...rest, node: { ...node, name: "joe-example.com" } };
  assert.equal(sessionNameRemedy(session("joe@example.com"), named), undefined);
});

test("another name is proposed as the node's", () => {
  assert.match(sessionNameRemedy(session("joe"), config) ?? "", /^Set node\.name: joe, or let these keys assume/);
  assert.match(
    sessionNameRemedy(session("joe").replace("arn:aws:", "arn:aws-us-gov:"), config) ?? "",
    /^Set node\.name: joe,/,
  );
});

test("the session of a managed instance is recognized as SSM's", () => {
  assert.match(
    sessionNameRemedy(session("mi-0123456789abcdef0"), config) ?? "",
    /^Set node\.name: mi-0123456789abcdef0 \(SSM names its sessions after the managed instance\), or/,
  );
});

test("with Roles Anywhere the profile must accept the name, unless a role is assumed with the session", () => {
  const anywhere = rolesAnywhereConfig();
  const remedy = sessionNameRemedy(session("00b1"), anywhere) ?? "";
  assert.match(remedy, /update-profile .*--accept-role-session-name.*: without it .* serial number\.$/);
  const { rolesAnywhere } = anywhere.credentials;
  const assuming = { ...anywhere, credentials: { ...config.credentials, rolesAnywhere, keysFile: undefined } };
  assert.match(sessionNameRemedy(session("00b1"), assuming) ?? "", /^Set node\.name: 00b1/);
});
