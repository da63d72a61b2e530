// What is in the bundle: of AWS's clients the calls that the program makes, since the daemon holds all of the file.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { type BundleFile, makeBundle, writeWhole } from "../../scripts/bundle.ts";

const CERTIFICATES = join(import.meta.dirname, "../fixtures/certificates");

function textOf(files: readonly BundleFile[], wanted: string): string {
  return Buffer.from(files.find(({ name }) => name === wanted)?.content ?? []).toString();
}

test("the bundle has the calls to AWS that the program makes, and none of the thousand others", async () => {
  const { files, metafile } = await makeBundle();
  const text = textOf(files, "eks-satellite.mjs");
  for (const call of ["AssumeRole", "DescribeCluster", "GetRolePolicy", "DescribeNetworkInterfaces", "RunInstances"])
    assert.ok(text.includes(`"${call}"`), call);
  for (const call of ["GetFederationToken", "ListNodegroups", "ListVirtualMFADevices", "CreateVpc"])
    assert.ok(!text.includes(`"${call}"`), call);
  const clients = Object.keys(metafile.inputs).filter((path) => /@aws-sdk\/client-\w+\//.test(path));
  assert.deepEqual(
    clients.map((path) => path.replace(/.*@aws-sdk\//, "")).toSorted(),
    ["ec2", "eks", "iam", "sts"].map((name) => `client-${name}/dist-es/index.js`),
    "a bill of materials is made of these paths",
  );
});

test("Kubernetes' own client is in a file beside the daemon's, which imports it when an administrator needs it", async () => {
  const { files, metafile } = await makeBundle();
  assert.deepEqual(
    files.map(({ name }) => name),
    ["", "-admin", "-hardware", "-kubernetes", "-explain"].flatMap((part) => [
      `eks-satellite${part}.mjs`,
      `eks-satellite${part}.mjs.map`,
    ]),
  );
  const packagesOf = (name: string) =>
    Object.keys(metafile.outputs[`dist/${name}`]?.inputs ?? {}).filter((path) =>
      /\/(@kubernetes\/client-node|undici|ws)\//.test(path),
    );
  assert.deepEqual(packagesOf("eks-satellite.mjs"), []);
  assert.ok(packagesOf("eks-satellite-kubernetes.mjs").length > 10);
  assert.match(textOf(files, "eks-satellite-admin.mjs"), /\bimport\("\.\/eks-satellite-kubernetes\.mjs"\)/);
});

const ADMINISTRATORS =
  /^agent\/(admin\/(clusters|kube-proxy|lambda|machine|user-data|verify)|commands\/(authorize|revoke|eni|clusters|user-data|verify))\b/;

test("an administrator's commands are in a file beside the daemon's, which holds none of them", async () => {
  const { files, metafile } = await makeBundle();
  const sourcesOf = (name: string) =>
    Object.keys(metafile.outputs[`dist/${name}`]?.inputs ?? {}).filter((path) => ADMINISTRATORS.test(path));
  assert.deepEqual(sourcesOf("eks-satellite.mjs"), []);
  assert.ok(sourcesOf("eks-satellite-admin.mjs").length > 50);
  const daemon = textOf(files, "eks-satellite.mjs");
  assert.match(daemon, /\bimport\("\.\/eks-satellite-admin\.mjs"\)/);
  assert.ok(daemon.length < 1_800_000, `${daemon.length} characters: the daemon holds all of them`);
});

test("systeminformation is in a file beside the daemon's, which holds none of it", async () => {
  const { files, metafile } = await makeBundle();
  const holding = Object.entries(metafile.outputs)
    .filter(([, { inputs }]) => Object.keys(inputs).some((path) => path.includes("/systeminformation/")))
    .map(([name]) => name);
  assert.deepEqual(holding, ["dist/eks-satellite-hardware.mjs"]);
  assert.match(textOf(files, "eks-satellite.mjs"), /\bimport\("\.\/eks-satellite-hardware\.mjs"\)/);
});

test("the texts of `explain` are in a file beside the daemon's, which holds none of them", async () => {
  const { files } = await makeBundle();
  const text = "The gateway answered before";
  assert.ok(textOf(files, "eks-satellite-explain.mjs").includes(text));
  const daemon = textOf(files, "eks-satellite.mjs");
  assert.ok(!daemon.includes(text));
  assert.match(daemon, /\bimport\("\.\/eks-satellite-explain\.mjs"\)/);
});

test("the client in its file reaches a server, and leaves nothing open that keeps the process alive", async () => {
  const { files } = await makeBundle();
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  try {
    for (const { name, content } of files) await writeFile(join(folder, name), content);
    const server = `
      import { createServer } from "node:https";
      import { readFileSync } from "node:fs";
      import { createAdminKubernetes } from "${folder}/eks-satellite-kubernetes.mjs";
      const [cert, key] = ["pem", "key"].map((end) => readFileSync("${CERTIFICATES}/localhost." + end, "utf8"));
      const metadata = { resourceVersion: "7" };
      const server = createServer({ cert, key }, (_, response) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify({ metadata, data: { a: "b" } }));
      }).listen(0, "127.0.0.1", async () => {
        server.unref();
        const endpoint = "https://localhost:" + server.address().port;
        const mintToken = async () => ({ reveal: () => "t" });
        const api = createAdminKubernetes({ kind: "token", name: "demo", endpoint, caPem: cert, mintToken }, () => undefined);
        console.log((await api.readConfigMap({ namespace: "kube-system", name: "aws-auth" })).data.a);
      });`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "-"], { input: server, timeout: 20_000 });
    assert.equal(stdout, "b");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the bundle is a program of its own, as the `bin` of package.json needs it", async () => {
  const { files } = await makeBundle("9.8.7");
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  const program = join(folder, "eks-satellite.mjs");
  try {
    await writeFile(program, textOf(files, "eks-satellite.mjs"), { mode: 0o755 });
    assert.equal((await execa(program, ["version"])).stdout, "9.8.7");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a file that is being replaced is read whole, the old one or the new one", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-bundle-"));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "program.mjs");
  const contents = ["a", "b"].map((letter) => Buffer.alloc(4e6, letter));
  await writeWhole(path, contents[0] ?? "");
  let isWriting = true;
  const writer = (async () => {
    for (let round = 0; round < 20; round++) await writeWhole(path, contents[round % 2] ?? "");
    isWriting = false;
  })();
  let reads = 0;
  for (; isWriting; reads++) {
    const read = await readFile(path);
    assert.ok(
      contents.some((content) => content.equals(read)),
      `read ${reads} has ${read.length} bytes`,
    );
  }
  await writer;
  assert.ok(reads > 0);
  assert.deepEqual(await readdir(folder), ["program.mjs"]);
});
