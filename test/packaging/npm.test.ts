// The npm package as a laptop has it: nothing of Linux in it, installed by npm without a network, run by an ordinary user.
import assert from "node:assert/strict";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { VERSION } from "../../agent/version.ts";
import { type Bundle, makeLaptopBundle } from "../../scripts/bundle.ts";
import { AWS_VARIABLES } from "../fakes/aws-environment.ts";
import { startMoto } from "../fakes/moto.ts";
import { scratchFolder, TOP, takeSampleRelease } from "./sample-release.ts";

/** The user id of `nobody`. */
const USER_ID = 65534;
const IS_ROOT = process.geteuid?.() === 0;

let bundle: Bundle;
let tarball: string;
before(async () => {
  bundle = await makeLaptopBundle();
  tarball = join(await takeSampleRelease(), `eks-satellite-${VERSION}.tgz`);
});

/** Rooms of a node's machine, each with the files of it that know no machine: tables, arithmetic and requests to the API server. */
const MACHINE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  "agent.ts": [],
  "apply/": [],
  "board/": ["board/condition-types.ts", "board/notices.ts"],
  "bundle/": [],
  "check/": [],
  "facts/": [],
  "gateway/": ["gateway/peers/ipv4-range.ts"],
  "gpu/": ["gpu/gpu-fault.ts"],
  "health/": [],
  "history/": [],
  "host/dns.ts": [],
  "host/download.ts": [],
  "host/grpc.ts": [],
  "host/linux-": [],
  "host/log-output.ts": [],
  "host/remove-tree.ts": [],
  "install/": [],
  "kubelet/": [],
  "loop/": ["loop/queue.ts", "loop/retry-after.ts"],
  "network/": [],
  "node/": [],
  "nvidia/": [],
  "parts.ts": [],
  "plan/": ["plan/node-identity.ts"],
  "reset/": ["reset/drain.ts"],
};

test("no room of a node's machine is in the npm package's program, and each file of one that is has its reason here", () => {
  const sources = Object.keys(bundle.metafile.inputs).flatMap((path) => /^agent\/(.*)$/.exec(path)?.[1] ?? []);
  assert.ok(sources.includes("commands/authorize.ts") && sources.includes("host/verify/verify-kubernetes.ts"));
  const allowed = Object.values(MACHINE_ROOMS).flat();
  const ofMachine = sources.filter((path) => Object.keys(MACHINE_ROOMS).some((room) => path.startsWith(room)));
  assert.deepEqual(ofMachine.toSorted(), allowed.toSorted());
});

test("nor does its code open what only Linux has", () => {
  const program = bundle.files.find(({ name }) => name === "eks-satellite.mjs")?.content;
  const text = Buffer.from(program ?? []).toString();
  assert.ok(text.includes("DescribeCluster"));
  for (const word of ["/proc/self", "/run/systemd", "oom_score_adj", "flock"]) assert.ok(!text.includes(word), word);
});

test("the package has a name, one program, and no dependency; its Node is the one that the program asks for", async () => {
  const { stdout } = await execa("tar", ["-tzf", tarball]);
  assert.deepEqual(
    stdout.split("\n").filter((path) => !path.endsWith("/")),
    [
      "package/LICENSE",
      "package/README.md",
      "package/THIRD-PARTY-LICENSES.txt",
      "package/bin/eks-satellite.mjs",
      "package/lib/eks-satellite-explain.mjs",
      "package/lib/eks-satellite-kubernetes.mjs",
      "package/lib/eks-satellite.mjs",
      "package/package.json",
    ],
  );
  const read = async (path: string) => (await execa("tar", ["-xzOf", tarball, `package/${path}`])).stdout;
  const manifest = JSON.parse(await read("package.json"));
  assert.deepEqual([manifest.name, manifest.version, manifest.license], ["eks-satellite", VERSION, "Apache-2.0"]);
  for (const key of ["dependencies", "private", "scripts", "os"]) assert.ok(!(key in manifest), key);
  const [, major, minor] = /WANTED = \[(\d+), (\d+)\]/.exec(await read("bin/eks-satellite.mjs")) ?? [];
  assert.equal(manifest.engines.node, `>=${major}.${minor}.0`);
  assert.match(await read("README.md"), new RegExp(`Node.js ${major}\\.${minor} or newer`));
  const licences = await read("THIRD-PARTY-LICENSES.txt");
  assert.match(licences, /@kubernetes\/client-node/);
  assert.doesNotMatch(licences, /Node\.js \d/);
});

/** Installs the package with npm, offline, and gives it a Node and nothing else. @returns a folder that is `nobody`'s */
async function installed(): Promise<string> {
  const home = await scratchFolder();
  const npm = ["install", "--offline", "--no-audit", "--no-fund", "--prefix", home, tarball];
  await execa("npm", npm, { env: { npm_config_cache: join(home, "npm-cache") } });
  mkdirSync(join(home, "path"));
  copyFileSync(process.execPath, join(home, "path/node"));
  chmodSync(join(home, "path/node"), 0o755);
  chmodSync(home, 0o755);
  if (IS_ROOT) chownSync(home, USER_ID, USER_ID);
  return home;
}

interface Said {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** As an ordinary user, in a folder of their own, with a PATH that has Node alone; with root's help without /proc, /sys, /etc and /run, too. */
async function runBare(
  home: string,
  args: readonly string[],
  { input = "", environment = {} }: { input?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  const program = join(home, "node_modules/.bin/eks-satellite");
  const user = [`--reuid=${USER_ID}`, `--regid=${USER_ID}`, "--clear-groups", "--"];
  const hide =
    'for each in /sys /etc /run /proc; do mount -t tmpfs none "$each" || exit 99; done; PATH=$BARE exec "$@"';
  const bare = ["unshare", "--mount", "sh", "-c", hide, "sh", "/usr/bin/setpriv", ...user];
  const [command = program, ...rest] = [...(IS_ROOT ? bare : []), program, ...args];
  const options = { cwd: home, input, extendEnv: false, reject: false, timeout: 60_000 };
  const BARE = join(home, "path");
  const PATH = IS_ROOT ? "/usr/bin:/bin:/usr/sbin:/sbin" : BARE;
  const { exitCode, stdout, stderr } = await execa(command, rest, {
    ...options,
    env: { PATH, BARE, HOME: home, AWS_EC2_METADATA_DISABLED: "true", ...environment },
  });
  return { exitCode, stdout, stderr };
}

test("npm installs it offline, and its commands run for an ordinary user where there is no Linux to be seen", async () => {
  const home = await installed();
  const run = (...args: readonly string[]) => runBare(home, args);
  assert.deepEqual(await run("version"), { exitCode: 0, stdout: VERSION, stderr: "" });
  const help = await run("--help");
  assert.match(help.stdout, /^ {2}authorize \[options\] /m);
  assert.doesNotMatch(help.stdout, /^ {2}(run|status|reset) /m);
  const name = await run("node-name", "--ip", "10.0.2.27", "--region", "us-west-2");
  assert.equal(name.stdout, "fargate-ip-10-0-2-27.us-west-2.compute.internal");
  const where = ["--cluster", "demo", "--region", "us-west-2"];
  const role = ["--create-role", "--node-name", "gpu-1", "--trusted-arn", "arn:aws:iam::111122223333:user/gpu"];
  const printed = await run("authorize", ...where, ...role, "--print", "terraform");
  assert.match(printed.stdout, /^resource "aws_iam_role" "node_eks_satellite_gpu_1" \{$/m);
  assert.match((await run("explain", "xid", "79")).stdout, /Xid 79 of NVIDIA's driver/);
  const valid = "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k }\nnode: { name: gpu-1 }\n";
  assert.deepEqual(await runBare(home, ["config", "validate", "-"], { input: valid }), {
    ...{ exitCode: 0, stderr: "" },
    stdout: "standard input is valid: node gpu-1 of demo in us-west-2".replace("standard input", "-"),
  });
  const node = await run("verify", "--node", "gpu-1", "--kubeconfig", "/nowhere");
  assert.match(node.stderr, /code=kubeconfig-unusable/);
});

test("a command of the machine is refused by its name, and one that needs keys says that there are none", async () => {
  const home = await installed();
  const check = await runBare(home, ["check"]);
  assert.equal(check.exitCode, 1);
  assert.match(
    check.stderr,
    /^ERROR eks-satellite check is about the machine that it runs on → Run it there: .* code=not-on-this-computer$/,
  );
  const list = await runBare(home, ["clusters", "list", "--region", "us-west-2"]);
  assert.equal(list.exitCode, 1);
  assert.match(list.stderr, /^ERROR .* code=credentials-missing$/);
});

test("it asks AWS, and lists the clusters that there are", async (context) => {
  const home = await installed();
  const moto = await startMoto();
  context.after(() => moto.stop());
  const environment = Object.fromEntries(
    AWS_VARIABLES.flatMap((name) => (name in process.env ? [[name, process.env[name] ?? ""]] : [])),
  );
  const args = ["clusters", "list", "--region", "us-east-1", "--output", "json"];
  const { exitCode, stdout, stderr } = await runBare(home, args, { environment });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.deepEqual(
    JSON.parse(stdout).clusters.map(({ name, region }: { name: string; region: string }) => [name, region]),
    [["demo", "us-east-1"]],
  );
});

test("npx runs it from the tarball", async () => {
  const cache = await scratchFolder();
  const args = ["--offline", "--yes", "--package", tarball, "eks-satellite", "version"];
  const { stdout } = await execa("npx", args, { cwd: cache, env: { npm_config_cache: cache } });
  assert.equal(stdout, VERSION);
});

test("an older Node hears which one is needed", async (context) => {
  const old = "/usr/bin/node";
  const version = existsSync(old) ? (await execa(old, ["--version"])).stdout : "none";
  if (!/^v(1\d|2[0-3])\./.test(version)) return context.skip(`${old} is ${version}, and not older than what is needed`);
  const home = await installed();
  const { exitCode, stderr } = await execa(
    old,
    [join(home, "node_modules/eks-satellite/bin/eks-satellite.mjs"), "version"],
    {
      reject: false,
    },
  );
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    new RegExp(`^ERROR eks-satellite needs Node\\.js 24\\.5 or newer, and this is ${version} → .* code=node-outdated$`),
  );
});

test("the page for npm is one of the repository, and names what is untried", () => {
  const readme = readFileSync(join(TOP, "packaging/npm/README.md"), "utf8");
  assert.match(readme, /On macOS it is untried/);
  for (const [, path = ""] of readme.matchAll(/blob\/main\/([\w./-]+)/g)) assert.ok(existsSync(join(TOP, path)), path);
});
