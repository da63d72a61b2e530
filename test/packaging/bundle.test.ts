// What is in the bundle: of AWS's clients the calls that the program makes, since the daemon holds all of the file.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { makeBundle } from "../../scripts/bundle.ts";

test("the bundle has the calls to AWS that the program makes, and none of the thousand others", async () => {
  const { code, metafile } = await makeBundle();
  const text = Buffer.from(code).toString();
  for (const call of ["AssumeRole", "DescribeCluster", "GetRolePolicy", "DescribeNetworkInterfaces"])
    assert.ok(text.includes(`"${call}"`), call);
  for (const call of ["GetFederationToken", "ListNodegroups", "ListVirtualMFADevices", "RunInstances"])
    assert.ok(!text.includes(`"${call}"`), call);
  const clients = Object.keys(metafile.inputs).filter((path) => /@aws-sdk\/client-\w+\//.test(path));
  assert.deepEqual(
    clients.map((path) => path.replace(/.*@aws-sdk\//, "")).toSorted(),
    ["ec2", "eks", "iam", "sts"].map((name) => `client-${name}/dist-es/index.js`),
    "a bill of materials is made of these paths",
  );
});

test("the bundle is a program of its own, as the `bin` of package.json needs it", async () => {
  const { code } = await makeBundle("9.8.7");
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  const program = join(folder, "eks-satellite.mjs");
  try {
    await writeFile(program, code, { mode: 0o755 });
    assert.equal((await execa(program, ["version"])).stdout, "9.8.7");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
