// authorize and revoke while other clients edit aws-auth too, and where the old text or the new one does not fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACCOUNT, ADMIN_ENTRY, NODE_ROLE, setUpAdmin } from "../fakes/memory-admin.ts";

const ADMIN_ROLE = `arn:aws:iam::${ACCOUNT}:role/admin`;

test("a concurrent edit is kept: the change is applied again to the new content", async () => {
  const { authorize, revoke, awsAuth, roles, said, host } = setUpAdmin("CONFIG_MAP");
  let edits = 0;
  awsAuth.beforeWrite = () => {
    if (edits++ < 2)
      awsAuth.edit({ mapRoles: `${awsAuth.data?.mapRoles}# edit ${edits}\n- {rolearn: "other-${edits}"}\n` });
  };
  const running = authorize({ roleArn: NODE_ROLE });
  await host.clock.advance(2000);
  assert.equal(await running, 0);
  assert.deepEqual(
    roles().map((entry) => (entry as { rolearn: string }).rolearn),
    [ADMIN_ROLE, "other-1", "other-2", NODE_ROLE],
  );
  assert.match(said(), /changed by another client; applying the change to the new content/);
  assert.match(
    host.files.peek("./aws-auth-demo-20260102T030405.000Z.yaml")?.content ?? "",
    /edit 2/,
    "what is saved is what was replaced",
  );
  edits = 0;
  const revoking = revoke({ roleArn: NODE_ROLE });
  await host.clock.advance(2000);
  assert.equal(await revoking, 0);
  assert.ok(awsAuth.data?.mapRoles?.includes("# edit 1\n") && !awsAuth.data.mapRoles.includes(NODE_ROLE));
});

test("a concurrent edit that breaks the text, or maps the role to something else, stops the change", async () => {
  for (const [text, code] of [
    ["\t- broken", "aws-auth-invalid"],
    [ADMIN_ENTRY.replace("role/admin", "role/nodes"), "mapping-differs"],
  ] as const) {
    const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
    awsAuth.beforeWrite = () => awsAuth.edit({ mapRoles: text });
    const refused = assert.rejects(authorize({ roleArn: NODE_ROLE }), { code });
    await host.clock.advance(2000);
    await refused;
    assert.equal(awsAuth.data?.mapRoles, text);
  }
});

test("a client that keeps editing aws-auth is reported as the cause, and nothing is forced", async () => {
  const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
  awsAuth.beforeWrite = () => awsAuth.edit({});
  const refused = assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "aws-auth-conflict", hint: /GitOps/ });
  await host.clock.advance(10_000);
  await refused;
  assert.deepEqual([awsAuth.writes.length, awsAuth.data?.mapRoles], [5, ADMIN_ENTRY]);
});

test("an entry that is gone when aws-auth is read back is reported", async () => {
  const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
  host.onFetch = (request) => {
    const answer = awsAuth.answer(request);
    if (request.method === "PATCH") awsAuth.edit({ mapRoles: ADMIN_ENTRY });
    return answer;
  };
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), { code: "aws-auth-readback", hint: /aws-auth-demo-/ });
});

test("when the old text cannot be saved nothing is changed", async () => {
  const { authorize, awsAuth, host } = setUpAdmin("CONFIG_MAP");
  host.files.refuseWrites("/full", "ENOSPC");
  await assert.rejects(authorize({ roleArn: NODE_ROLE, backupFolder: "/full" }), { code: "disk-full" });
  assert.deepEqual(awsAuth.writes, []);
});

test("an aws-auth of 1 MiB takes no more entries, and the error says how large it would be", async () => {
  const { authorize, awsAuth } = setUpAdmin("CONFIG_MAP");
  awsAuth.edit({ mapUsers: `# ${"x".repeat(1024 * 1024 - ADMIN_ENTRY.length - 10)}\n` });
  await assert.rejects(authorize({ roleArn: NODE_ROLE }), {
    code: "aws-auth-full",
    message: /a ConfigMap holds at most 1048576/,
  });
  assert.deepEqual(awsAuth.writes, []);
});
