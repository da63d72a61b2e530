// AWS away, keys and tokens that end: what runs keeps running, and everything is fresh again soon after AWS is back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sessionFiles } from "../sandbox/install-agent.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUp, type Satellite, watchPage } from "./satellite.ts";

/** Short lives on AWS's side, and a daemon that keeps up with them. */
const SESSION_SECONDS = 45;
const TOKEN_SECONDS = 30;

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.sandbox.changeAwsFaults((faults) => ({
    ...faults,
    sessionLifetimeSeconds: SESSION_SECONDS,
    tokenLifetimeSeconds: TOKEN_SECONDS,
  }));
  await satellite.systemctl("stop"); // A daemon that runs puts its files back.
  await satellite.box("rm", "-f", ...sessionFiles);
  await satellite.configure({ intervals: { credentialsSeconds: 2, tokenSeconds: 10, clusterSeconds: 10 } });
  await satellite.untilHealthy(180_000);
});
after(() => satellite.restore());

test("keys are renewed before they end, again and again", async () => {
  const { keysExpireAt: first } = (await satellite.status()).credentials;
  const wait = { what: "keys that live longer than the first", deadlineMs: SESSION_SECONDS * 1000 };
  const renewed = await waitFor(wait, async () => {
    const { keysExpireAt } = (await satellite.status()).credentials;
    return keysExpireAt !== first ? keysExpireAt : undefined;
  });
  assert.ok(
    Date.parse(first ?? "") > Date.now(),
    `the first keys were still good when new ones came (${first}, ${renewed})`,
  );
});

test("AWS away for longer than keys and token live: kubelet and the pod stay, the condition says why, and the node comes back by itself", async () => {
  const pid = await satellite.kubeletPid();
  const { answers, failures } = await watchPage(satellite, async () => {
    await satellite.sandbox.awsDown();
    const expired = await satellite
      .untilReason("CredentialsFresh", "AwsUnreachable", 2 * SESSION_SECONDS * 1000)
      .catch(() => satellite.untilReason("CredentialsFresh", "CredentialsExpired", 1000));
    assert.equal(expired.status, "False");
    assert.ok(expired.hint, "the condition says what to do");
    assert.equal((await satellite.condition("ClusterKnown")).status, "True");
    assert.equal(await satellite.kubeletPid(), pid);
    await satellite.sandbox.awsUp();
    // The daemon tries again within a minute, and kubelet reads its token again within another.
    await satellite.untilHealthy(240_000);
  });
  assert.equal(await satellite.kubeletPid(), pid);
  assert.deepEqual(failures, []);
  assert.ok(answers > 100);
});

test("a daemon that is restarted while AWS is away starts kubelet from what it knows", async () => {
  const { answers, failures } = await watchPage(satellite, async () => {
    await satellite.sandbox.awsDown("hang");
    await satellite.systemctl("restart");
    await satellite.untilReason("KubeletRunning", "Running", 30_000);
    assert.equal((await satellite.condition("ClusterKnown")).status, "True");
    await satellite.sandbox.awsUp();
    await satellite.untilHealthy(240_000);
  });
  assert.deepEqual(failures, []);
  assert.ok(answers > 0);
});

test("tokens that EKS refuses are replaced at once, without a restart of kubelet", async () => {
  // The default period of five minutes would be too late: it is kubelet's own complaint that brings the new token.
  await satellite.restore();
  const pid = await satellite.kubeletPid();
  const before = (await satellite.status()).credentials.tokenExpiresAt;
  const { failures } = await watchPage(satellite, async () => {
    await satellite.sandbox.changeAwsFaults((faults) => ({ ...faults, tokensExpiredBefore: new Date().toISOString() }));
    const wait = { what: "another token", deadlineMs: 60_000, intervalMs: 500 };
    await waitFor(wait, async () => (await satellite.status()).credentials.tokenExpiresAt !== before);
    // kubelet reads the file again within a minute, and renews its lease with it.
    const replacedAt = Date.now();
    const lease = { what: "a lease renewed with the new token", deadlineMs: 120_000, intervalMs: 1000 };
    await waitFor(lease, async () => {
      const args = [
        "get",
        "lease",
        satellite.sandbox.nodeName,
        "--namespace=kube-node-lease",
        "--output=jsonpath={.spec.renewTime}",
      ];
      return Date.parse(await satellite.sandbox.kubectl(args)) > replacedAt;
    });
    await satellite.untilHealthy(120_000);
  });
  assert.equal(await satellite.kubeletPid(), pid);
  assert.deepEqual(failures, []);
});

test("a reboot while this machine cannot reach AWS: the node is Ready again from what is on disk", async () => {
  await satellite.restore();
  const hosts = await satellite.read("/etc/hosts");
  const { keysExpireAt } = (await satellite.status()).credentials;
  // Nobody is at these addresses (RFC 5737); the cluster's endpoint stays where it is, as in an outage of a region's STS and EKS.
  const outage = hosts.replaceAll(/^\S+(?= sts\.)/gm, "192.0.2.1");
  assert.notEqual(outage, hosts);
  await satellite.write("/etc/hosts", outage);
  try {
    await satellite.sandbox.reboot();
    await satellite.untilReason("NodeReady", "KubeletReady", 120_000);
    const { credentials, conditions } = await satellite.status();
    assert.equal(credentials.keysExpireAt, keysExpireAt, "the keys are those of before the reboot");
    const described = conditions.find(({ type }) => type === "CredentialsRenewed");
    assert.equal(described?.reason, "Restored");
    const page = `http://${satellite.sandbox.addresses.node}:8080/`;
    const answers = () => fetch(page, { signal: AbortSignal.timeout(5000) }).then(({ ok }) => ok);
    await waitFor({ what: "the page", deadlineMs: 60_000 }, () => answers().catch(() => false));
  } finally {
    await satellite.write("/etc/hosts", hosts);
  }
  await satellite.untilHealthy(240_000);
});
