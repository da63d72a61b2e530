// A daemon that hangs: systemd misses its pings, ends it, and starts it again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitFor } from "../sandbox/wait.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const DROP_IN = "/run/systemd/system/eks-satellite.service.d/watchdog.conf";

/** Asks Node's inspector, which has a thread of its own, for an evaluation that never ends. */
const WEDGE = `
const [{ webSocketDebuggerUrl }] = await (await fetch("http://127.0.0.1:9229/json")).json();
const socket = new WebSocket(webSocketDebuggerUrl);
socket.onopen = () => {
  socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "for (;;);" } }));
  setTimeout(() => process.exit(), 500);
};
`;

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.box("mkdir", "-p", DROP_IN.slice(0, DROP_IN.lastIndexOf("/")));
  await satellite.write(DROP_IN, "[Service]\nWatchdogSec=6s\nEnvironment=NODE_OPTIONS=--inspect=127.0.0.1:9229\n");
  await satellite.box("systemctl", "daemon-reload");
  await satellite.restore();
});
after(async () => {
  await satellite.box("rm", "-f", DROP_IN);
  await satellite.box("systemctl", "daemon-reload");
  await satellite.restore();
});

test("a wedged event loop is ended by systemd's watchdog, and the daemon that follows has the node Ready again", async () => {
  const pid = await satellite.mainPid("eks-satellite.service");
  const wedge = ["/opt/eks-satellite/bin/node", "--input-type=module", "--eval", WEDGE];
  await waitFor({ what: "the inspector to take the expression", deadlineMs: 10_000 }, async () => {
    const { exitCode } = await satellite.sandbox.box(wedge, { mayFail: true });
    return exitCode === 0 ? true : undefined;
  });
  await waitFor({ what: "another daemon", deadlineMs: 60_000 }, async () => {
    const now = await satellite.mainPid("eks-satellite.service");
    return now > 0 && now !== pid ? true : undefined;
  });
  assert.match(
    await satellite.box("journalctl", "-u", "eks-satellite", "-n", "200", "-o", "cat"),
    /[Ww]atchdog timeout/,
  );
  await satellite.untilHealthy();
});
