import assert from "node:assert/strict";
import { test } from "node:test";
import { addMapping, hasMapping, nodeMapping, removeMappings } from "../../agent/admin/aws-auth.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";

const ROLE_ARN = "arn:aws:iam::111122223333:role/nodes";
const role = parsePrincipal(ROLE_ARN, "role", "--role-arn");
const admin = parsePrincipal("arn:aws:iam::111122223333:role/admin", "role", "--role-arn");
const mapping = nodeMapping(role, undefined);

const ADMIN = `# The team. Do not touch!
- rolearn: arn:aws:iam::111122223333:role/admin
  username: admin
  groups: [ "system:masters" ]   # all of it
`;
const OURS = `- rolearn: ${ROLE_ARN}
  username: system:node:{{SessionName}}
  groups:
    - system:bootstrappers
    - system:nodes
`;

test("a role's entry is added below the others, which stay byte for byte", () => {
  assert.deepEqual(addMapping({ mapRoles: ADMIN }, mapping, admin), {
    key: "mapRoles",
    before: ADMIN,
    after: ADMIN + OURS,
  });
});

test("a missing or empty list becomes one with this entry", () => {
  for (const data of [{}, { mapRoles: "" }, { mapRoles: "[]\n" }]) {
    const { after = "" } = addMapping(data, mapping, undefined) ?? {};
    assert.equal(after.trimEnd(), OURS.trimEnd());
  }
});

test("an entry that is written in another way is found", () => {
  const text = `[{"username": "system:node:{{SessionName}}", "groups": ["system:nodes", "system:bootstrappers"], "rolearn": "${ROLE_ARN}"}]`;
  assert.equal(addMapping({ mapRoles: text }, mapping, undefined), undefined);
  assert.equal(hasMapping({ mapRoles: text }, mapping), true);
  assert.equal(removeMappings({ mapRoles: text }, mapping, undefined)?.after, "[]");
});

test("a user is mapped to one node, with its path", () => {
  const user = parsePrincipal("arn:aws:iam::111122223333:user/gpu/one", "user", "--user-arn");
  const { key, after } = addMapping({ mapRoles: ADMIN }, nodeMapping(user, "gpu-1"), admin) ?? {};
  assert.equal(key, "mapUsers");
  assert.match(after ?? "", /userarn: arn:aws:iam::111122223333:user\/gpu\/one\n {2}username: system:node:gpu-1\n/);
});

test("a role that is mapped to something else is neither mapped again nor removed", () => {
  const others = [
    ADMIN.replaceAll("role/admin", "role/nodes"),
    ADMIN.replaceAll("rolearn", "roleARN").replaceAll("role/admin", "role/Nodes"),
    OURS.replace("    - system:nodes\n", ""),
    `${OURS}  userid: AROA1\n`,
    OURS.replace("{{SessionName}}", "gpu-1"),
  ];
  for (const text of others) {
    const expected = { code: "mapping-differs", message: /to something else: line [12] of mapRoles, to "/ };
    for (const change of [addMapping, removeMappings])
      assert.throws(() => change({ mapRoles: text }, mapping, undefined), expected, text);
  }
});

test("roles of the same beginning, or with the path that aws-auth does not know, are other roles", () => {
  const text = `${ADMIN}${OURS.replace("role/nodes", "role/nodes2")}${OURS.replace("role/nodes", "role/team/nodes")}`;
  assert.equal(removeMappings({ mapRoles: text }, mapping, undefined), undefined);
  assert.equal(
    removeMappings({ mapRoles: text + OURS + OURS }, mapping, undefined)?.after,
    text,
    "all that are exactly it",
  );
});

test("a text that does not parse is refused with the place, and never repaired", () => {
  const texts: readonly (readonly [text: string, message: RegExp])[] = [
    ["\t- rolearn: x\n", /Tabs are not allowed.* line 1/],
    ["- rolearn: x\n\tusername: y\n", /line 2/],
    ["- rolearn: x\n  rolearn: y\n", /unique at line 2/],
    ["- rolearn: 'x\n", /mapRoles in aws-auth cannot be read/],
    ["rolearn: x\nusername: y\n", /it is not a list/],
    ["just words", /it is not a list/],
    ["- arn:aws:iam::111122223333:role/admin\n", /entry 1 is not a mapping/],
    ["- rolearn: x\n---\n- rolearn: y\n", /multiple documents/],
    ["- *nobody\n", /nobody/],
    [`- &a {rolearn: x}\n${"- *a\n".repeat(3)}- groups: ${"[".repeat(3)}`, /cannot be read/],
  ];
  for (const [text, message] of texts) {
    const expected = { code: "aws-auth-invalid", message, hint: /left alone.*kubectl edit/ };
    assert.throws(() => addMapping({ mapRoles: text }, mapping, undefined), expected, text);
    assert.throws(() => removeMappings({ mapRoles: text }, mapping, undefined), expected, text);
  }
  assert.throws(
    () => addMapping({ mapRoles: ADMIN, mapUsers: "\t-" }, mapping, undefined),
    { message: /^mapUsers / },
    "the other list too",
  );
});

test("a text with too many aliases is refused, not expanded", () => {
  const bomb = `- &a {x: [1,1,1,1,1,1,1,1,1]}\n${"bcdefgh"
    .split("")
    .map((name, index) => `- &${name} {x: [${`*${"abcdefg"[index]},`.repeat(9)}]}\n`)
    .join("")}`;
  const began = performance.now();
  assert.throws(() => addMapping({ mapRoles: bomb }, mapping, undefined), { code: "aws-auth-invalid" });
  assert.ok(performance.now() - began < 5000);
});

test("an entry whose anchor other entries use is not cut out", () => {
  const text = `${OURS.replace("- rolearn", "- &ours\n  rolearn")}${ADMIN}- *ours\n`;
  assert.throws(() => removeMappings({ mapRoles: `${text}- <<: *ours\n  rolearn: other\n` }, mapping, undefined), {
    code: "aws-auth-uneditable",
  });
});

test("a ConfigMap that would be larger than 1 MiB is refused before it is sent; a removal is not", () => {
  const big = `${ADMIN}# ${"x".repeat(1024 * 1024 - ADMIN.length - 100)}\n`;
  assert.throws(() => addMapping({ mapRoles: big }, mapping, undefined), {
    code: "aws-auth-full",
    message: /would have 10\d{5} bytes, and a ConfigMap holds at most 1048576/,
  });
  assert.equal(removeMappings({ mapRoles: big + OURS }, mapping, undefined)?.after, big);
});

test("an edit that would change the caller's own access is refused", () => {
  const text = `${OURS.replace("role/nodes", "role/admin")}`;
  assert.throws(() => removeMappings({ mapRoles: text }, nodeMapping(admin, undefined), admin), { code: "own-access" });
  assert.throws(() => addMapping({ mapRoles: "" }, nodeMapping(admin, undefined), admin), { code: "own-access" });
});
