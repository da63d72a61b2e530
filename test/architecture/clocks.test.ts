// Which files may ask the time of day: it is set by NTP and users, so that no wait, deadline or period may depend on it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNone, files } from "./sources.ts";

/** Why each of them needs the time of day, which everything else does without. */
const READERS_OF_THE_TIME_OF_DAY: Readonly<Record<string, string>> = {
  "admin/cluster-access.ts": "a token's date, and when the cluster was described",
  "admin/verify/made.ts": "the age of what an earlier run made, by the API server's clock",
  "apply/converger.ts": "when a file was changed last, for /status",
  "apply/edit-war.ts": "until when a file is left alone, in the condition's message",
  "apply/ledger.ts": "when a thing was changed first and last",
  "aws/aws-endpoints.ts": "the difference from AWS's clock",
  "aws/cluster-cache.ts": "when the cluster was described, for /status",
  "host/files/file-memory.ts": "the age of a file's last change, which the kernel gives by that clock",
  "check/context.ts": "a token's date, and when the cluster was described",
  "check/credential-checks.ts": "the end of a certificate",
  "check/identity-checks.ts": "the end of a certificate",
  "check/tunnel/tunnel-checks.ts": "the age of WireGuard's handshake, which is of that clock",
  "admin/machine/changes.ts": "since when a machine costs, in its tag",
  "commands/authorize.ts": "the name of a backup",
  "commands/machine/end-plans.ts": "the name of a backup",
  "commands/bundle.ts": "the name and date of a bundle",
  "commands/clusters/token.ts": "a token's date",
  "commands/gateway/run.ts": "the times of log lines",
  "commands/machine/list.ts": "since when a machine costs, for people",
  "commands/machine/show.ts": "since when a machine costs, for people",
  "commands/history/history.ts": "since when something is shown, for people",
  "commands/plan.ts": "when the cluster was described",
  "commands/revoke.ts": "the name of a backup",
  "commands/run.ts": "the times of log lines",
  "admin/user-data/pinned-release.ts": "the time within which a key signs releases",
  "commands/user-data/user-data.ts": "the end of an activation, and the date of its signature",
  "commands/status.ts": "how long ago something happened, for people",
  "credentials/aws-session.ts": "the end of keys, and a token's date",
  "credentials/certificate-watch.ts": "the end of a certificate",
  "credentials/credentials.ts": "the end of keys",
  "credentials/renewal.ts": "the end of keys and tokens, beside the monotonic clock",
  "credentials/roles-anywhere.ts": "the end of a certificate",
  "credentials/session-file.ts": "the end of keys",
  "gateway/lease/lease-election.ts": "the times in the Lease, which people read and no gateway compares",
  "gateway/gateway-session.ts": "the end of keys, and a token's date",
  "gateway/gateway-sync.ts": "since when the gateway runs, in its entry",
  "gateway/gateway.ts": "how long ago a handshake was, whose time is WireGuard's own",
  "gpu/gpu-runtime.ts": "since when a program runs, in the condition's message",
  "history/history.ts": "when something happened, beside the machine's age",
  "host/laptop/laptop-host.ts": "it is the clock",
  "kubernetes/config-trial.ts": "a token's date, and when the cluster was described",
  "fitness/fitness.ts": "when the machine was checked, for the Node",
  "install/upgrade-window.ts": "hours of the day that a user has chosen",
  "kubelet/kubelet.ts": "when kubelet was started, for /status",
  "kubelet/serving-certificates.ts": "the name of a folder",
  "gateway/rotation/gateway-rotation.ts": "the age of the key's file",
  "commands/gateway/rotate-key.ts":
    "since when gateways are to have new keys, which they compare with their keys' files",
  "network/rotation/key-rotation.ts": "the age of the key's file",
  "network/rotation/next-key.ts": "the age of the next key's file",
  "check/tunnel/tunnel-key-check.ts": "the age of the key's file",
  "network/watch/knocks.ts": "when the gateway answered last, for /status",
  "network/watch/tunnel-watch.ts": "the age of WireGuard's handshake, which is of that clock",
  "network/services/services-watch.ts": "when a question was last answered, for the metrics",
  "network/dns/dns-cache-watch.ts": "when the cache last answered, for the metrics",
  "node/clock-step.ts": "whether it was set, by the monotonic clock",
  "node/health-watch.ts": "the end of a certificate",
  "node/node-reporter.ts": "the times of the Node's conditions and events",
  "parts.ts": "the times of conditions and events",
};

const TIME_OF_DAY = /\bclock\.now\b|\bDate\.now\b|\bnew Date\(\)|\{[^{}]*\bnow\b[^{}]*\} = (?:\w+\.)*clock\b/;

test("only what AWS, certificates or people see goes by the time of day", () => {
  assertNone(
    files
      .filter(({ name, code }) => TIME_OF_DAY.test(code) && READERS_OF_THE_TIME_OF_DAY[name] === undefined)
      .map(
        ({ name }) =>
          `${name} asks the time of day: use clock.monotonic() for a wait, a deadline or a period; for what AWS, certificates or people see, add it to test/architecture/clocks.test.ts with the reason`,
      ),
  );
});

test("every file of that list still asks the time of day", () => {
  const readers = files.filter(({ code }) => TIME_OF_DAY.test(code)).map(({ name }) => name);
  assert.deepEqual(
    Object.keys(READERS_OF_THE_TIME_OF_DAY).filter((name) => !readers.includes(name)),
    [],
  );
});
