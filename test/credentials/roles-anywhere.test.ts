import assert from "node:assert/strict";
import { test } from "node:test";
import { readSessionKeys } from "../../agent/credentials/credentials.ts";
import { MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import {
  HELPER,
  HELPER_OUTPUT,
  installRolesAnywhere,
  ROLES_ANYWHERE,
  rolesAnywhereConfig,
} from "../fakes/roles-anywhere.ts";

const ROLE = ROLES_ANYWHERE.roleArn;

function setUp() {
  const host = new MemoryHost();
  installRolesAnywhere(host);
  const aws = new MemoryAws(host.clock.now);
  const config = rolesAnywhereConfig();
  return { host, aws, config, read: (changed = config) => readSessionKeys(host, aws, changed) };
}

test("the helper gets certificate, key, ARNs, and the node's name as the session's", async () => {
  const { host, aws, read } = setUp();
  const keys = await read();
  assert.deepEqual(host.commands, [
    `${HELPER} credential-process --certificate /etc/eks-satellite/pki/node.crt --private-key /etc/eks-satellite/pki/node.key ` +
      "--trust-anchor-arn arn:aws:rolesanywhere:us-west-2:111122223333:trust-anchor/a " +
      `--profile-arn arn:aws:rolesanywhere:us-west-2:111122223333:profile/p-1 --role-arn ${ROLE} ` +
      "--role-session-name gpu-1 --session-duration 3600 --with-proxy",
  ]);
  assert.equal(keys.secretAccessKey.reveal(), HELPER_OUTPUT.SecretAccessKey);
  assert.equal(keys.expiresAtMs, Date.parse(HELPER_OUTPUT.Expiration));
  assert.deepEqual(aws.calls, [], "the session is the node's own");
});

test("intermediates are passed on", async () => {
  const { host, config, read } = setUp();
  const rolesAnywhere = { ...ROLES_ANYWHERE, intermediates: "/etc/eks-satellite/pki/chain.crt" };
  await read({ ...config, credentials: { rolesAnywhere } });
  assert.match(host.commands[0] ?? "", / --intermediates \/etc\/eks-satellite\/pki\/chain\.crt /);
});

test("a further role can be assumed from the certificate's session", async () => {
  const { aws, config, read } = setUp();
  const assumeRole = { arn: "arn:aws:iam::444455556666:role/node", durationSeconds: 900 };
  await read({ ...config, credentials: { rolesAnywhere: ROLES_ANYWHERE, assumeRole } });
  assert.deepEqual(aws.roleRequests, [{ ...assumeRole, sessionName: "gpu-1" }]);
  assert.equal(aws.lastKeys?.accessKeyId, HELPER_OUTPUT.AccessKeyId);
});

test("a missing helper is an error that says where to get it", async () => {
  const { host, read } = setUp();
  host.files.drop(HELPER);
  await assert.rejects(read, {
    code: "helper-missing",
    message: `there is no ${HELPER}, AWS's helper for IAM Roles Anywhere`,
    hint: /docs\.aws\.amazon\.com\/rolesanywhere.*iam_roles_anywhere_releases/,
  });
});

test("an expired certificate is reported before the helper runs", async () => {
  const { host, read } = setUp();
  host.clock.jump(Date.UTC(2027, 0, 1) - host.clock.now());
  await assert.rejects(read, { code: "certificate-expired" });
  assert.deepEqual(host.commands, []);
});

const REFUSALS: Readonly<Record<string, readonly [stderr: string, code: string, hint: RegExp]>> = {
  "a certificate that the anchor does not trust": [
    "AccessDeniedException: Untrusted certificate. Insufficient certificate",
    "certificate-untrusted",
    /intermediates/,
  ],
  "a session that the profile or the role denies": [
    'AccessDeniedException: Unable to assume role for arn:aws:iam::111122223333:role/satellite\n{\n  Message_: "Unable to assume role"\n}',
    "roles-anywhere-denied",
    /^aws rolesanywhere update-profile --region us-west-2 --profile-id p-1 --accept-role-session-name; .*sts:SetSourceIdentity.*gpu-1/,
  ],
  "a service that is not reached": [
    'Post "https://rolesanywhere.us-west-2.amazonaws.com/sessions": dial tcp: lookup: no such host',
    "aws-unreachable",
    /rolesanywhere\.us-west-2\.amazonaws\.com/,
  ],
  "something else": ["unable to parse private key", "credentials-missing", /credentials\.rolesAnywhere by hand/],
};

for (const [what, [stderr, code, hint]] of Object.entries(REFUSALS)) {
  test(`${what}: ${code} and what to do`, async () => {
    const { host, read } = setUp();
    host.install(HELPER, () => ({ exitCode: 1, stderr }));
    await assert.rejects(read, { code, hint, message: new RegExp(stderr.split("\n")[0]?.slice(0, 30) ?? "") });
  });
}
