// What packaging/install.sh refuses before it touches anything, and why.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { Machine, type RunOptions, SCRIPT } from "./install-machine.ts";

const CLUSTER = ["--cluster", "demo", "--region", "us-west-2", "--version", "1.0.0"];
const SECRET = "wJalrXUtnFEMIEXAMPLEKEY";

interface Refusal {
  readonly machine?: Machine;
  readonly exitCode?: number;
  readonly says: RegExp;
  readonly options?: RunOptions;
}

/** Runs it where it must refuse, and looks that nothing was touched. */
async function refuses(args: readonly string[], { machine, exitCode = 1, says, options }: Refusal): Promise<void> {
  const used = machine ?? (await Machine.create());
  const before = used.picture();
  const outcome = await used.install(args, {
    ...options,
    environment: {
      EKS_SATELLITE_BASE_URL: "http://127.0.0.1:9",
      EKS_SATELLITE_ALLOW_HTTP: "yes",
      ...options?.environment,
    },
  });
  assert.match(outcome.stderr, says);
  assert.equal(outcome.exitCode, exitCode);
  assert.doesNotMatch(outcome.stdout + outcome.stderr, new RegExp(SECRET));
  assert.deepEqual([used.picture(), used.calls()], [before, []]);
}

test("other operating systems and versions are refused by what they say of themselves", async () => {
  const systems = [
    [
      'ID="rocky"\nVERSION_ID="9.4"\n',
      /the operating system is rocky 9\.4 \(.*os-release\)\n {2}→ supported are Ubuntu 20\.04/,
    ],
    ["ID=ubuntu\nVERSION_ID='18.04'\n", /the operating system is ubuntu 18\.04/],
    ["ID=debian\n", /the operating system is debian of an unknown version/],
  ] as const;
  for (const [text, says] of systems) {
    const machine = await Machine.create();
    machine.write("etc/os-release", text);
    await refuses(CLUSTER, { machine, says });
  }
});

test("the supported systems get as far as the download", async () => {
  for (const text of ['ID=ubuntu\nVERSION_ID="20.04"', 'ID=ubuntu\nVERSION_ID="24.04"', 'ID=debian\nVERSION_ID="12"']) {
    const machine = await Machine.create();
    machine.write("etc/os-release", `${text}\n`);
    await refuses([...CLUSTER, "--skip-start"], { machine, says: /downloading SHA256SUMS: exit code 7/ });
  }
});

test("another architecture is refused", async () => {
  const machine = await Machine.create();
  machine.command("uname", "echo riscv64");
  await refuses(CLUSTER, { machine, says: /the architecture is riscv64\n {2}→ .*x86_64 and aarch64$/ });
});

test("without root a piped script says where sudo belongs", async () => {
  const machine = await Machine.create();
  machine.command("id", "case $1 in -u) echo 1000 ;; *) echo ubuntu ;; esac");
  await refuses(CLUSTER, {
    machine,
    says: /this needs root, and runs as ubuntu\n {2}→ .*curl … \| sudo bash -s -- OPTIONS$/,
  });
});

test("without root a script that is a file starts itself again with sudo, and keeps proxies and its own variables", async () => {
  const machine = await Machine.create();
  machine.command("id", "case $1 in -u) echo 1000 ;; *) echo ubuntu ;; esac");
  machine.command("sudo", "exit 7");
  const environment = { EKS_SATELLITE_REGION: "us-west-2" };
  const { exitCode } = await machine.install(["--cluster", "a b"], { input: "", environment });
  assert.equal(exitCode, 7);
  const [call = ""] = machine.calls();
  assert.match(
    call,
    /^sudo --preserve-env=\S*EKS_SATELLITE_REGION,\S*HTTPS_PROXY,\S* -- bash \S+install\.sh --cluster a b$/,
  );
});

test("what a first install needs is named, all at once", async () => {
  await refuses([], {
    exitCode: 64,
    says: /there is no .*config\.yaml yet, so this needs --cluster --region --credentials-file$/m,
  });
  await refuses(CLUSTER, { exitCode: 64, says: /so this needs --credentials-file$/m });
});

test("an unknown option is reported with the nearest one, and a missing or wrong value with its name", async () => {
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [["--clustre", "x"], /there is no option --clustre\n {2}→ did you mean --cluster\? install\.sh --help/],
    [["--xyz"], /there is no option --xyz\n {2}→ install\.sh --help/],
    [["--yes=no"], /there is no option --yes/],
    [["install"], /install is not an option/],
    [["--cluster"], /--cluster needs a value/],
    [["--cluster", "--region", "x"], /--cluster needs a value/],
    [["--wait", "5m"], /--wait 5m is not a whole number/],
    [["--version", "latest"], /--version latest is not a version such as 1\.2\.3/],
    [["--sha256", "abc"], /--sha256 abc is not 64/],
    [["--purge"], /--purge goes with --uninstall only/],
  ];
  for (const [args, says] of mistakes) await refuses(args, { exitCode: 64, says });
});

test("--help prints the options and exits with 0, also without root", async () => {
  const machine = await Machine.create();
  machine.command("id", "echo 1000");
  const { exitCode, stdout, stderr } = await machine.install(["--help"]);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  for (const [, name] of readFileSync(SCRIPT, "utf8").matchAll(/^(?:VALUE|FLAG)_OPTIONS=\(([^)]*)\)/gm)) {
    for (const option of (name ?? "").split(" ").filter((option) => option !== "help"))
      assert.match(stdout, new RegExp(`  --${option}\\b`));
  }
});

test("secrets on the command line are refused with the reason, and not repeated", async () => {
  const attempts = [
    ["--access-key", SECRET],
    [`--secret-access-key=${SECRET}`],
    [`--aws-session-token=${SECRET}`],
    [`AWS_SECRET_ACCESS_KEY=${SECRET}`],
    [`AKIA${SECRET}`],
  ];
  for (const args of attempts) {
    await refuses([...CLUSTER, ...args], {
      exitCode: 64,
      says: /every user of this machine can read the arguments .*\n {2}→ .*--credentials-file FILE/,
    });
  }
});

test("a file of keys that is missing is refused", async () => {
  await refuses([...CLUSTER, "--credentials-file", "/no/such"], { says: /\/no\/such: there is no such file/ });
});

test("keys from standard input are refused when that is the script", async () => {
  await refuses([...CLUSTER, "--credentials-file", "-"], {
    exitCode: 64,
    says: /standard input is this script itself\n {2}→ .*sudo bash install\.sh/,
  });
});

test("a machine without systemd is refused, but for images", async () => {
  const machine = await Machine.create();
  rmSync(join(machine.root, "run/systemd"), { recursive: true });
  await refuses([...CLUSTER, "--credentials-file", machine.keysFile()], {
    machine,
    says: /systemd does not run here.*\n {2}→ .*--skip-start/,
  });
  await refuses([...CLUSTER, "--skip-start"], { machine, says: /downloading SHA256SUMS/ });
});

test("a machine with the Debian package is refused", async () => {
  const machine = await Machine.create();
  machine.command("dpkg-query", 'echo "install ok installed"');
  await refuses(CLUSTER, { machine, says: /installed as a Debian package\n {2}→ upgrade it with apt-get install/ });
});

test("a second install.sh at the same time is refused", async (context) => {
  const machine = await Machine.create();
  writeFileSync(join(machine.root, "run/eks-satellite-install.lock"), "", { mode: 0o600 });
  const holder = spawn(
    "flock",
    [join(machine.root, "run/eks-satellite-install.lock"), "sh", "-c", "echo locked; read line"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  context.after(() => holder.stdin.end());
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  await refuses(CLUSTER, { machine, says: /another install\.sh runs on this machine/ });
});

test("the lock is root's alone: another user can hold no file that keeps root from installing", async () => {
  const machine = await Machine.create();
  await machine.install([...CLUSTER, "--skip-start"], {
    environment: { EKS_SATELLITE_BASE_URL: "http://127.0.0.1:9" },
  });
  assert.equal(lstatSync(join(machine.root, "run/eks-satellite-install.lock")).mode & 0o777, 0o600);
});

test("a download of the script that was cut off runs nothing and fails, wherever it ended", async () => {
  const text = readFileSync(SCRIPT, "utf8");
  const start = text.indexOf("\n{\n") + 3;
  const lines = [...text.matchAll(/\n/g)].map(({ index }) => index).filter((index) => index > start);
  const cuts = [
    start,
    ...lines.filter((_, number) => number % 20 === 0),
    text.lastIndexOf("main"),
    text.lastIndexOf("}"),
  ];
  const machine = await Machine.create();
  for (const end of cuts) {
    const script = text.slice(0, end);
    await refuses(CLUSTER, {
      machine,
      exitCode: 2,
      says: /bash: line \d+: (syntax error|unexpected)/,
      options: { script },
    });
  }
});

test("another shell than bash is refused with a hint to use bash", async () => {
  const { exitCode, stderr } = await execa("dash", ["-s"], { input: readFileSync(SCRIPT, "utf8"), reject: false });
  assert.deepEqual([exitCode, stderr], [1, "ERROR install.sh: this needs bash: … | sudo bash -s -- OPTIONS"]);
});

test("an unexpected failure of a command is reported with its step, and the exit code is its own", async () => {
  const machine = await Machine.create();
  machine.command("mktemp", "exit 42");
  await refuses(CLUSTER, { machine, exitCode: 42, says: /checking this machine: exit code 42 of: scratch=\$\(mktemp/ });
});

test("an install that is interrupted leaves no temporary file", async (context) => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const asked = new Promise((resolve) => server.once("request", resolve));
  const machine = await Machine.create();
  const environment = {
    EKS_SATELLITE_ALLOW_HTTP: "yes",
    EKS_SATELLITE_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  const running = machine.install([...CLUSTER, "--skip-start"], { environment, interruptAfter: asked });
  assert.equal((await running).exitCode, 143);
  assert.deepEqual(readdirSync(join(machine.root, "opt")), []);
});
