// A thousand lists as administrators write them: authorize and revoke leave all other entries as they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AwsAuthData, addMapping, nodeMapping, removeMappings } from "../../agent/admin/aws-auth.ts";
import { type MappingEntry, parseMappings } from "../../agent/admin/mapping-text.ts";
import { parsePrincipal } from "../../agent/admin/principal.ts";
import { Chance, generateList } from "../fakes/aws-auth-texts.ts";

const DOCUMENTS = 1000;
const role = nodeMapping(
  parsePrincipal("arn:aws:iam::111122223333:role/eks-satellite-node", "role", "--role-arn"),
  undefined,
);
const user = nodeMapping(parsePrincipal("arn:aws:iam::111122223333:user/gpu-1", "user", "--user-arn"), "gpu-1");

const meaning = (data: AwsAuthData, key: "mapRoles" | "mapUsers"): readonly MappingEntry[] =>
  parseMappings(data[key] ?? "", key).entries;

function generateDocument(seed: number) {
  const chance = new Chance(seed);
  const roles = generateList(chance, "rolearn");
  const users = generateList(chance, "userarn");
  const data: AwsAuthData = { mapRoles: roles.text, mapUsers: users.text, mapAccounts: '- "111122223333"\n' };
  return { chance, data, roles: roles.entries, users: users.entries };
}

/** Lines that are comments or hold one, as they are. */
const commentsOf = (text: string) => text.split(/\r?\n/).filter((line) => line.includes("#"));

test(`${DOCUMENTS} documents are equal in meaning after authorize and revoke, and their comments and bytes stay`, () => {
  let same = 0;
  for (let seed = 0; seed < DOCUMENTS; seed += 1) {
    const { chance, data, roles, users } = generateDocument(seed);
    const mapping = chance.is(0.5) ? role : user;
    const { key } = mapping;
    const label = `seed ${seed}:\n${data[key]}`;
    const before = key === "mapRoles" ? roles : users;
    assert.deepEqual(meaning(data, key), before, label);

    const added = addMapping(data, mapping, undefined);
    assert.ok(added !== undefined, label);
    const authorized = { ...data, [key]: added.after };
    assert.deepEqual(meaning(authorized, key), [...before, mapping.entry], label);
    assert.equal(
      addMapping(authorized, mapping, undefined),
      undefined,
      `a second time there is nothing to do, ${label}`,
    );

    const removed = removeMappings(authorized, mapping, undefined);
    assert.ok(removed !== undefined, label);
    assert.deepEqual(meaning({ [key]: removed.after }, key), before, label);
    assert.deepEqual(commentsOf(removed.after), commentsOf(data[key] ?? ""), label);
    assert.equal(removeMappings({ ...data, [key]: removed.after }, mapping, undefined), undefined, label);
    const isBlock = before.length > 0 && !/^(---\s*)?\[/.test(data[key] ?? "");
    if (isBlock) assert.equal(removed.after.trimEnd(), data[key]?.trimEnd(), label);
    if (removed.after === data[key]) same += 1;
  }
  assert.ok(same > DOCUMENTS * 0.7, `byte for byte the same: ${same}`);
});

test("an entry that stands first, or between those of others, is cut out of there alone", () => {
  for (let seed = 0; seed < DOCUMENTS; seed += 1) {
    const chance = new Chance(seed);
    const head = generateList(chance, "rolearn");
    const added = addMapping({ mapRoles: head.text }, role, undefined)?.after ?? "";
    if (/^(---\s*)?\[/.test(head.text) || /^\.\.\.$/m.test(added)) continue; // No further entry can follow these.
    const margin = /^( *)-/m.exec(added.split("\n").slice(-6).join("\n"))?.[1] ?? "";
    const newline = added.includes("\r\n") ? "\r\n" : "\n";
    const tail = `${margin}# theirs, of later${newline}${margin}- {rolearn: later, username: x, groups: []}${newline}`;
    const base = added.endsWith("\n") ? added : `${added}${newline}`;
    const removed = removeMappings({ mapRoles: base + tail }, role, undefined)?.after ?? "";
    assert.ok(removed.endsWith(tail), `seed ${seed}:\n${removed}`);
    assert.deepEqual(
      meaning({ mapRoles: removed }, "mapRoles"),
      [...head.entries, { rolearn: "later", username: "x", groups: [] }],
      `seed ${seed}`,
    );
  }
});
