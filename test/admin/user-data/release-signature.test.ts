// Signatures of the real ssh-keygen, which is the judge of what this program takes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type SignedSums, verifySums } from "../../../agent/admin/user-data/release-signature.ts";

const NAME = "eks-satellite-release";
const SUMS = `${"a".repeat(64)}  eks-satellite-1.2.3-linux-amd64.tar.gz\n`;
const NOW = new Date("2026-06-15T12:00:00Z");

const folder = mkdtempSync(join(tmpdir(), "release-signature-"));
after(() => rmSync(folder, { recursive: true }));

/** Makes a key. @returns its path */
function makeKey(name: string, type = "ed25519"): string {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "a comment", "-f", path]);
  return path;
}

/** Signs a text. @param options of `ssh-keygen -Y sign` */
function sign(key: string, text = SUMS, { namespace = NAME, options = [] as readonly string[] } = {}): string {
  return execFileSync("ssh-keygen", ["-Y", "sign", "-f", key, "-n", namespace, ...options], {
    input: text,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
}

/** The line of a list for a key. */
function listed(key: string, options = `namespaces="${NAME}"`, principal = NAME): string {
  return [principal, options, readFileSync(`${key}.pub`, "utf8").trim()].filter((word) => word !== "").join(" ");
}

const [ours, other] = [makeKey("ours"), makeKey("other")];

function verify(change: Partial<SignedSums>): void {
  const given = { sums: SUMS, where: "https://m/SHA256SUMS", signature: sign(ours), signers: [listed(ours)] };
  verifySums({ ...given, signersOf: "eks-satellite 0.1.0", now: NOW, ...change });
}

/** What the real ssh-keygen says of the same. */
function isVerifiedByTool(signature: string, signers: readonly string[]): boolean {
  writeFileSync(join(folder, "list"), `${signers.join("\n")}\n`);
  writeFileSync(join(folder, "sig"), signature);
  const args = ["-Y", "verify", "-f", join(folder, "list"), "-I", NAME, "-n", NAME, "-s", join(folder, "sig")];
  try {
    execFileSync("ssh-keygen", args, { input: SUMS, stdio: ["pipe", "ignore", "ignore"] });
    return true;
  } catch {
    return false;
  }
}

/** Lists and signatures, and whether they go together. */
const CASES: readonly (readonly [what: string, taken: boolean, signature: () => string, signers: readonly string[]])[] =
  [
    ["a known key", true, () => sign(ours), [listed(ours)]],
    ["a known key by SHA-256", true, () => sign(ours, SUMS, { options: ["-O", "hashalg=sha256"] }), [listed(ours)]],
    ["a known key behind others and a comment", true, () => sign(ours), ["# keys", "", listed(other), listed(ours)]],
    ["a known key without limits", true, () => sign(ours), [listed(ours, "")]],
    [
      "a key of several principals and namespaces",
      true,
      () => sign(ours),
      [listed(ours, `namespaces="git,${NAME}"`, `joe,${NAME}`)],
    ],
    [
      "a key that is valid until later",
      true,
      () => sign(ours),
      [listed(ours, `namespaces="${NAME}",valid-before="29990101"`)],
    ],
    ["a key that is not valid any more", false, () => sign(ours), [listed(ours, 'valid-before="20250101"')]],
    ["a key that is not yet valid", false, () => sign(ours), [listed(ours, 'valid-after="29990101"')]],
    ["another key", false, () => sign(other), [listed(ours)]],
    ["no key at all", false, () => sign(ours), []],
    ["a key of another principal", false, () => sign(ours), [listed(ours, "", "joe")]],
    ["a key for another namespace", false, () => sign(ours), [listed(ours, 'namespaces="git"')]],
    ["an authority's key", false, () => sign(ours), [listed(ours, "cert-authority")]],
    ["a signature for another purpose", false, () => sign(ours, SUMS, { namespace: "git" }), [listed(ours, "")]],
    ["a signature of another text", false, () => sign(ours, `${SUMS}\n`), [listed(ours)]],
    ["a signature that was cut off", false, () => sign(ours).slice(0, 150), [listed(ours)]],
    ["no signature", false, () => "<html>", [listed(ours)]],
  ];
for (const [what, taken, signature, signers] of CASES) {
  test(`${what} is ${taken ? "taken" : "refused"}, as by ssh-keygen`, () => {
    const text = signature();
    assert.equal(isVerifiedByTool(text, signers), taken, "ssh-keygen");
    if (taken) verify({ signature: text, signers });
    else assert.throws(() => verify({ signature: text, signers }), { name: "SatelliteError" });
  });
}

test("while keys change, one of two signatures by a known key is enough, in any order", () => {
  const [one, two] = [sign(other), sign(ours)];
  for (const signature of [one + two, two + one]) verify({ signature });
});

test("the error says by whose key it is, and what to do", () => {
  const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-l", "-f", `${other}.pub`], { encoding: "utf8" }).split(
    " ",
  );
  assert.throws(() => verify({ signature: sign(other) }), {
    code: "release-key-unknown",
    message: `https://m/SHA256SUMS is signed by ${fingerprint}, which is none of the keys of eks-satellite 0.1.0`,
  });
  assert.throws(() => verify({ signers: [listed(ours, 'valid-before="20260615"')] }), {
    code: "release-key-outdated",
    message: /limits to another time than 2026-06-15T12:00:00\.000Z$/,
  });
  verify({ signers: [listed(ours, 'valid-before="20260615120001"')] });
  assert.throws(() => verify({ signature: "<html>" }), {
    code: "release-signature-invalid",
    message: /sig is no signature$/,
  });
  assert.throws(() => verify({ sums: "other" }), {
    code: "release-signature-invalid",
    message: /no signature of https/,
  });
});

test("every byte of a signature counts, and no garbage is more than refused", () => {
  const lines = sign(ours).trim().split("\n");
  const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    const signature = [lines[0], changed.toString("base64"), lines.at(-1)].join("\n");
    assert.throws(() => verify({ signature }), { name: "SatelliteError" }, `byte ${at}`);
    const cut = [lines[0], bytes.subarray(0, at).toString("base64"), lines.at(-1)].join("\n");
    assert.throws(() => verify({ signature: cut }), { name: "SatelliteError" }, `${at} bytes`);
  }
});
