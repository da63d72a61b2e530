// Where the keys come from, on a real node: one source after the other, a rotation that kubelet does not notice, one that is broken.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Table } from "../../agent/plan/merge.ts";
import { renderHosts } from "../sandbox/addresses.ts";
import { rolesAnywhereArns, rotatedKeys } from "../sandbox/aws.ts";
import { issueMachineCertificate } from "../sandbox/certificates.ts";
import { buildSigningHelper } from "../sandbox/go-builds.ts";
import { sessionFiles } from "../sandbox/install-agent.ts";
import { roleArn } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { waitFor } from "../sandbox/wait.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const KEYS = "/etc/eks-satellite/credentials";
const PROFILE = "/root/.aws/credentials";
const PROCESS = "/usr/local/bin/print-credentials";
const CERTIFICATE = "/etc/eks-satellite/node.crt";
const PRIVATE_KEY = "/etc/eks-satellite/node.key";
const ROTATION_MS = 60_000;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  const { addresses, facts, nodeName } = satellite.sandbox;
  await satellite.write("/etc/hosts", renderHosts(addresses, facts.clusterId, nodeName));
  const helper = await readFile(await buildSigningHelper(new Progress()));
  await satellite.sandbox.machine.write("/usr/local/bin/aws_signing_helper", helper, 0o755);
  await satellite.untilHealthy();
});
after(async () => {
  await writeKeys(satellite.sandbox.facts);
  await satellite.restore();
});

function writeKeys({ accessKeyId, secretAccessKey }: Keys): Promise<unknown> {
  const text = `export AWS_ACCESS_KEY_ID="${accessKeyId}"\r\nexport AWS_SECRET_ACCESS_KEY='${secretAccessKey}'\r\n`;
  return satellite.write(KEYS, text, "0600");
}

/** Runs the node on another source, with nothing left of the sessions of the one before. */
async function switchTo(source: Table): Promise<void> {
  await satellite.systemctl("stop");
  await satellite.box("rm", "-f", ...sessionFiles);
  await satellite.configure({ credentials: { keysFile: null, ...source } });
  // The configuration before it stays in force while the new one is on trial.
  const name = `${Object.keys(source)[0]} `;
  await waitFor({ what: `keys of ${name}`, deadlineMs: ROTATION_MS, intervalMs: 500 }, async () =>
    (await satellite.status()).credentials.source.startsWith(name) ? true : undefined,
  );
  await satellite.untilReason("CredentialsRenewed", "Renewed");
  await satellite.untilHealthy();
}

/** Waits for keys that end later than these. */
function untilRenewed(before: string | undefined): Promise<string> {
  return waitFor({ what: "keys of the rotated source", deadlineMs: ROTATION_MS, intervalMs: 500 }, async () => {
    const { keysExpireAt } = (await satellite.status()).credentials;
    return keysExpireAt !== undefined && keysExpireAt !== before ? keysExpireAt : undefined;
  });
}

async function isReady(): Promise<boolean> {
  return (await satellite.status()).verdict.ready;
}

test("rotated keys are used within a minute; the node stays Ready and kubelet is not restarted", async () => {
  const pid = await satellite.kubeletPid();
  const { keysExpireAt } = (await satellite.status()).credentials;
  await writeKeys(rotatedKeys(satellite.sandbox.facts));
  await untilRenewed(keysExpireAt);
  assert.equal((await satellite.condition("CredentialsRenewed")).reason, "Renewed");
  assert.equal(await isReady(), true);
  assert.equal(await satellite.kubeletPid(), pid);
});

test("a rotation caught half way keeps the node Ready and says what is missing, until the file is whole", async () => {
  const pid = await satellite.kubeletPid();
  const { keysExpireAt } = (await satellite.status()).credentials;
  await satellite.write(KEYS, "AWS_ACCESS_KEY_ID=AKIAHALF\nAWS_SECRET", "0600");
  const { status, message, hint } = await satellite.untilReason("CredentialsRenewed", "CredentialsMissing");
  assert.equal(status, "False");
  assert.match(`${message} ${hint}`, /lacks AWS_SECRET_ACCESS_KEY/);
  assert.equal(await isReady(), true);
  await writeKeys(satellite.sandbox.facts);
  await untilRenewed(keysExpireAt);
  await satellite.untilHealthy();
  assert.equal(await satellite.kubeletPid(), pid);
});

test("a profile of the shared credentials file", async () => {
  const { accessKeyId, secretAccessKey } = satellite.sandbox.facts;
  const text = `[lab.one]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  await satellite.box("mkdir", "-p", "/root/.aws");
  await satellite.write(PROFILE, text, "0600");
  await switchTo({ profile: { file: PROFILE, name: "lab.one" } });
});

test("a credential process", async () => {
  const { accessKeyId, secretAccessKey } = satellite.sandbox.facts;
  const output = JSON.stringify({ Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey });
  await satellite.write(PROCESS, `#!/bin/sh\necho '${output}'\n`, "0700");
  await switchTo({ process: [PROCESS] });
});

test("IAM Roles Anywhere: a certificate in place of keys, its end in /status, and another key than its own told", async () => {
  const { certificate, privateKey } = await issueMachineCertificate(
    satellite.sandbox.folder,
    satellite.sandbox.nodeName,
  );
  await satellite.write(CERTIFICATE, certificate);
  await satellite.write(PRIVATE_KEY, privateKey, "0600");
  const rolesAnywhere = { certificate: CERTIFICATE, privateKey: PRIVATE_KEY, roleArn, ...rolesAnywhereArns };
  await switchTo({ rolesAnywhere, assumeRole: null });
  const { status, message } = await satellite.condition("CertificateValid");
  assert.equal(status, "True");
  assert.match(message, new RegExp(`^CN=${satellite.sandbox.nodeName} until 20`));
  assert.match(
    await satellite.box(
      "eks-satellite",
      "check",
      "--only",
      ...["credentials", "certificate", "aws-identity", "cluster-identity"],
    ),
    new RegExp(`assumed-role/[\\w-]+/${satellite.sandbox.nodeName}[\\s\\S]*0 failed`),
  );
  const other = await issueMachineCertificate(satellite.sandbox.folder, satellite.sandbox.nodeName);
  await satellite.write(PRIVATE_KEY, other.privateKey, "0600");
  await satellite.untilReason("CertificateValid", "CertificateKeyMismatch");
  assert.equal(await isReady(), true);
  await satellite.write(CERTIFICATE, other.certificate);
  await satellite.untilHealthy();
});
