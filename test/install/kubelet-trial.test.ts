// A new kubelet passes its trial, or the previous one is restored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTO, BOTH, crash, prove, setUpUpgrade } from "../fakes/kubelet-upgrade.ts";
import { KUBELET, setUpArtifacts } from "../fakes/memory-artifacts.ts";

const MINUTE_MS = 60_000;

test("a node that is not Ready in five minutes gets its previous kubelet back, and the new one is not tried again", async () => {
  const { host, round, linked, situation, story, board, messages } = await setUpUpgrade();
  await round();
  situation.observation = { ...situation.observation, isReady: false };
  for (let minute = 0; minute < 5; minute += 1) {
    assert.equal(await round(), "Unknown KubeletOnTrial");
    host.clock.jump(MINUTE_MS);
  }
  assert.equal(linked(), "1.34.4", "no round has run yet");
  assert.equal(await round(), "False KubeletRolledBack");
  assert.equal(linked(), "1.33.13");
  assert.match(
    story.at(-1) ?? "",
    /KubeletRolledBack: kubelet 1\.34\.4 did not make the node Ready and was rolled back; 1\.33\.13 runs again/,
  );
  assert.match(messages("error")[0] ?? "", /was rolled back/);
  situation.observation = { ...situation.observation, isReady: true };
  for (let hour = 0; hour < 48; hour += 1) {
    assert.equal(await round(), "False KubeletRolledBack");
    host.clock.jump(60 * MINUTE_MS);
  }
  assert.equal(linked(), "1.33.13");
  assert.match(board.get("ArtifactsInstalled").hint ?? "", /journalctl/);
});

test("a kubelet that crashes is rolled back at once; crashes of the previous one do not count", async () => {
  const setup = await setUpUpgrade();
  setup.situation.observation = { ...setup.situation.observation, kubeletExits: 7 };
  await setup.round();
  assert.equal(await setup.round(), "Unknown KubeletOnTrial");
  assert.equal(await crash(setup), "False KubeletRolledBack");
  assert.equal(setup.linked(), "1.33.13");
});

test("a kubelet that is Ready for a moment and dies has not passed", async () => {
  const { host, round, situation, linked, running } = await setUpUpgrade();
  await round();
  running.version = "1.34.4";
  for (const kubeletExits of [0, 1, 2]) {
    // The API server still reports the node as Ready.
    situation.observation = { ...situation.observation, kubeletExits };
    assert.equal(await round(), "Unknown KubeletOnTrial");
    host.clock.jump(20_000);
  }
  situation.observation = { ...situation.observation, kubeletExits: 3 };
  assert.equal(await round(), "False KubeletRolledBack");
  assert.equal(linked(), "1.33.13");
});

test("a Node that says it runs another release has not passed", async () => {
  const { host, round, running } = await setUpUpgrade();
  await round();
  running.version = "1.34.45";
  for (let look = 0; look < 3; look += 1) {
    assert.equal(await round(), "Unknown KubeletOnTrial", "1.34.45 is not 1.34.4");
    host.clock.jump(20_000);
  }
});

test("on a node that is not Ready before, nothing is tried unless its kubelet no longer fits", async () => {
  const { round, linked, situation } = await setUpUpgrade(AUTO, [...BOTH, "1.37.1"]);
  situation.observation = { ...situation.observation, isReady: false };
  await round();
  assert.equal(linked(), "1.33.13");
  situation.cluster = "1.37";
  await round();
  assert.equal(linked(), "1.37.1");
});

test("minutes in which the API server does not answer do not count, nor those in which the daemon does not run", async () => {
  const { host, round, linked, situation } = await setUpUpgrade();
  await round();
  situation.observation = { ...situation.observation, isReady: false, isReachable: false };
  for (let minute = 0; minute < 30; minute += 1) {
    await round();
    host.clock.jump(MINUTE_MS);
  }
  situation.observation = { ...situation.observation, isReachable: true };
  host.clock.jump(60 * MINUTE_MS); // A machine that slept, or a clock that was set.
  assert.equal(await round(), "Unknown KubeletOnTrial");
  assert.equal(linked(), "1.34.4");
});

test("a restart of the daemon continues the trial, and remembers rejected versions", async () => {
  const before = await setUpUpgrade();
  const observation = { isReady: false, kubeletExits: 0, isReachable: true };
  before.situation.observation = { ...observation, isReady: true };
  await before.round();
  before.situation.observation = observation;
  for (let minute = 0; minute < 4; minute += 1) {
    await before.round();
    before.host.clock.jump(MINUTE_MS);
  }
  const restart = () => {
    const setup = setUpArtifacts(BOTH, AUTO, before.host);
    setup.situation.cluster = "1.34";
    setup.running.version = "1.33.13";
    return setup;
  };
  const after = restart();
  after.situation.observation = observation;
  before.host.clock.jump(10 * MINUTE_MS); // The machine was being booted.
  for (let minute = 0; minute < 2; minute += 1) {
    assert.equal(await after.round(), "Unknown KubeletOnTrial");
    before.host.clock.jump(MINUTE_MS);
  }
  assert.equal(await after.round(), "False KubeletRolledBack");
  assert.equal(after.linked(), "1.33.13");
  const third = restart();
  await third.round();
  assert.equal(await third.round(), "False KubeletRolledBack");
  assert.equal(third.linked(), "1.33.13");
});

test("another configuration of kubelet gives a rejected version another try", async () => {
  const failing = await setUpUpgrade();
  await failing.round();
  await crash(failing);
  const changed = setUpArtifacts(BOTH, "kubelet: { upgrade: auto, maxPods: 20 }", failing.host);
  changed.situation.cluster = "1.34";
  await changed.round();
  assert.equal(changed.linked(), "1.34.4");
});

test("a newer patch is another try, and when it passes the rejected one is no longer reported", async () => {
  const setup = await setUpUpgrade(AUTO, [...BOTH, "1.34.5"]);
  const { host, mirror, round, linked } = setup;
  const whole = mirror.manifest;
  mirror.manifest = whole.replaceAll("version: 1.34.5", "version: 1.34.3");
  await round();
  assert.equal(await crash(setup), "False KubeletRolledBack");
  mirror.manifest = whole;
  host.clock.jump(24 * 60 * MINUTE_MS);
  await round();
  assert.equal(linked(), "1.34.5");
  assert.equal(await prove(setup), "True Installed");
});

test("an administrator who installs a kubelet during a trial keeps it", async () => {
  const { host, round, situation } = await setUpUpgrade();
  await round();
  host.files.dropLink(KUBELET);
  host.files.put(KUBELET, "theirs", { mode: 0o755 });
  situation.observation = { ...situation.observation, isReady: false };
  for (let minute = 0; minute < 10; minute += 1) {
    assert.equal(await round(), "True Installed");
    host.clock.jump(MINUTE_MS);
  }
  assert.equal(host.files.peek(KUBELET)?.content, "theirs");
});
