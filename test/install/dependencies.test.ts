import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "../../agent/host/host.ts";
import { Dependencies, renderAptConfig } from "../../agent/install/dependencies.ts";
import { createBoard } from "../fakes/board.ts";
import { settle } from "../fakes/memory-clock.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const ALL = ["containerd", "runc", "iptables", "conntrack", "socat"];
const SIMULATED = "Inst libnetfilter (1 x)\nInst conntrack (1 x)\nInst socat (1 x)\n";
const LOCKED = {
  exitCode: 100,
  stderr: "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (apt-get)\n",
};

/** A machine that lacks conntrack and socat, and whose apt-get installs what it is asked for. */
function setUp(config = "", present: readonly string[] = ["containerd", "runc", "iptables"]) {
  const host = new MemoryHost();
  for (const name of present) host.files.put(`/usr/sbin/${name}`, "", { mode: 0o755 });
  const apt = {
    simulate: (): Partial<RunResult> => ({ stdout: SIMULATED }),
    update: (): Partial<RunResult> => ({}),
    install: (packages: readonly string[]): Partial<RunResult> | Promise<Partial<RunResult>> => {
      for (const name of packages) host.files.put(`/usr/sbin/${name}`, "", { mode: 0o755 });
      return {};
    },
  };
  const asked: string[] = [];
  host.install("systemd-run", (args) => {
    const words = args.slice(args.indexOf("apt-get") + 1).filter((arg) => !arg.startsWith("-"));
    const verb = args.includes("--simulate") ? "simulate" : (words[0] ?? "");
    asked.push([verb, ...words.slice(1)].join(" "));
    if (verb === "simulate") return apt.simulate();
    return verb === "update" ? apt.update() : apt.install(words.slice(1));
  });
  host.install("dpkg-query", () => ({ exitCode: 1, stderr: "not installed" }));
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const seen = { installed: 0 };
  const dependencies = new Dependencies({
    ...{ host, log, board, config: sampleConfig(config), environment: { HTTP_PROXY: "http://me:secret@proxy:3128" } },
    emit: () => {
      seen.installed += 1;
    },
  });
  const round = async () => {
    await dependencies.round();
    await settle();
    const { status, reason, message } = board.get("DependenciesInstalled");
    return { shown: `${status} ${reason}`, message };
  };
  return { host, apt, asked, board, dependencies, seen, round, messages };
}

test("on a machine that has every program, apt-get is not run", async () => {
  const { host, round, asked } = setUp("", ALL);
  assert.equal((await round()).shown, "True Installed");
  assert.deepEqual([asked, host.commands], [[], []]);
});

test("what is missing is installed, reported, counted, and recorded for reset with its dependencies", async () => {
  const { host, asked, seen, dependencies, round, messages } = setUp();
  assert.equal((await round()).shown, "True Installed");
  assert.deepEqual(asked, ["simulate conntrack socat", "install conntrack socat"]);
  assert.deepEqual([seen.installed, dependencies.installed], [1, 3]);
  assert.deepEqual(messages("info"), [
    "apt-get installs conntrack, socat, and with them 1 more",
    "conntrack, socat installed",
  ]);
  const ledger = host.files.paths().filter((path) => path.startsWith("/var/lib/eks-satellite/ledger/"));
  const ids = ledger.map((path) => JSON.parse(host.files.peek(path)?.content ?? "").id).toSorted();
  assert.deepEqual(ids, ["package:conntrack", "package:libnetfilter", "package:socat"]);
  const [command = ""] = host.commands.filter((line) => line.includes("install"));
  assert.match(command, /--no-remove --no-upgrade/);
  assert.match(command, /NEEDRESTART_MODE=l/);
  assert.doesNotMatch(command, /secret/);
  assert.equal(host.files.peek("/run/eks-satellite/apt.conf")?.mode, 0o600);
});

test("a round does not wait for apt-get, and does not start a second one", async () => {
  const { apt, asked, round } = setUp();
  const { promise, resolve } = Promise.withResolvers<Partial<RunResult>>();
  apt.install = () => promise;
  assert.equal((await round()).shown, "Unknown Installing");
  await round();
  assert.deepEqual(asked, ["simulate conntrack socat", "install conntrack socat"]);
  resolve({ exitCode: 100, stderr: "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'" });
  await settle();
  assert.equal((await round()).shown, "False DpkgInterrupted");
});

test("a lock is reported with its holder's name, and tried again after ten seconds", async () => {
  const { host, apt, asked, round } = setUp();
  const install = apt.install;
  apt.install = () => LOCKED;
  const { shown, message } = await round();
  assert.equal(shown, "False AptLocked");
  assert.match(message, /process 77 \(apt-get\)/);
  await round();
  assert.equal(asked.length, 2, "not at once");
  apt.install = install;
  host.clock.jump(10_000);
  assert.equal((await round()).shown, "True Installed");
});

test("lists that do not know a package are fetched, at most once an hour", async () => {
  const { host, apt, asked, round } = setUp();
  apt.simulate = () => ({ exitCode: 100, stderr: "E: Unable to locate package conntrack" });
  assert.equal((await round()).shown, "False AptFailed");
  host.clock.jump(15_000);
  await round();
  assert.deepEqual(
    asked.map((line) => line.split(" ")[0]),
    ["simulate", "update", "simulate", "simulate"],
  );
});

test("lists that name files that the mirror has replaced are fetched, and the installation goes on", async () => {
  const { apt, asked, round } = setUp();
  const install = apt.install;
  apt.install = () => {
    apt.install = install;
    return { exitCode: 100, stderr: "E: Failed to fetch http://x/socat_1.deb  404  Not Found [IP: 10.0.0.1 80]\n" };
  };
  assert.equal((await round()).shown, "True Installed");
  assert.deepEqual(
    asked.map((line) => line.split(" ")[0]),
    ["simulate", "install", "update", "simulate", "install"],
  );
});

test("reset does not remove what was not installed, and removes what was installed partly", async () => {
  const { host, apt, round } = setUp();
  apt.install = () => ({ exitCode: 100, stderr: "E: Sub-process /usr/bin/dpkg returned an error code (1)\n" });
  host.install("dpkg-query", ([, name = ""]) =>
    name === "conntrack" ? { stdout: "Status: install ok unpacked\n" } : { exitCode: 1 },
  );
  assert.equal((await round()).shown, "False AptFailed");
  const ledger = host.files.paths().filter((path) => path.startsWith("/var/lib/eks-satellite/ledger/"));
  assert.deepEqual(
    ledger.map((path) => JSON.parse(host.files.peek(path)?.content ?? "").id),
    ["package:conntrack"],
  );
});

test("a library that a missing package needs may be upgraded, and is named", async () => {
  const { apt, round, messages } = setUp();
  apt.simulate = () => ({ stdout: `${SIMULATED}Inst libxtables12 [1.8.7-1] (1.8.7-2 x)\n` });
  assert.equal((await round()).shown, "True Installed");
  assert.match(messages("info")[0] ?? "", /1 more, for which libxtables12 must be newer$/);
});

test("an installation that would remove or upgrade Docker's packages does not begin", async () => {
  for (const line of ["Remv docker-ce [5]", "Inst containerd.io [1.7.1] (1.7.2 x)"]) {
    const { apt, asked, round } = setUp();
    apt.simulate = () => ({ stdout: `${SIMULATED}${line}\n` });
    const { shown, message } = await round();
    assert.equal(shown, "False PackagesAtRisk");
    assert.match(message, /nothing was done/);
    assert.deepEqual(asked, ["simulate conntrack socat"]);
  }
});

test("where Docker's containerd.io is installed, Debian's containerd never is", async () => {
  const { host, asked, round } = setUp("", ["iptables", "conntrack", "socat"]);
  host.install("dpkg-query", () => ({ stdout: "Package: containerd.io\nStatus: install ok installed\n" }));
  const { shown } = await round();
  assert.equal(shown, "False DockerContainerdBroken");
  assert.deepEqual(asked, []);
});

test("dependencies.install: never reports what is missing instead", async () => {
  const { asked, board, round } = setUp("dependencies: { install: never }");
  assert.equal((await round()).shown, "False DependenciesMissing");
  assert.match(
    board.get("DependenciesInstalled").hint ?? "",
    /apt-get install --no-install-recommends conntrack socat/,
  );
  assert.deepEqual(asked, []);
});

test("failures are retried with growing pauses", async () => {
  const { host, apt, asked, round } = setUp();
  apt.install = () => ({ exitCode: 100, stderr: "Temporary failure resolving 'deb.debian.org'" });
  for (let second = 0; second < 3600; second += 30) {
    await round();
    host.clock.jump(30_000);
  }
  const tries = asked.filter((line) => line.startsWith("install")).length;
  assert.ok(tries >= 5 && tries <= 20, `${tries} tries in an hour`);
});

test("apt uses the daemon's proxies, except for hosts that need none", () => {
  assert.equal(renderAptConfig({}), "DPkg::Lock::Timeout 0;\n");
  assert.equal(
    renderAptConfig({ HTTPS_PROXY: "http://p:1", no_proxy: "localhost,.lab.example, 10.0.0.0/8" }),
    'DPkg::Lock::Timeout 0;\nAcquire::https::Proxy "http://p:1";\nAcquire::https::Proxy::localhost "DIRECT";\nAcquire::https::Proxy::lab.example "DIRECT";\n',
  );
});
