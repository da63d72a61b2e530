import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createChangeKnocker, createKnocker, createPulse } from "../../../agent/host/reach/knock.ts";
import { answerKnock, type KnockAnswers } from "../../../agent/host/reach/knock-answer.ts";

/** A port that does with each datagram what `answer` does. */
async function listen(
  context: TestContext,
  answer: (socket: Socket, message: Buffer, port: number) => void,
): Promise<number> {
  const socket = createSocket("udp4");
  context.after(() => socket.close());
  socket.on("message", (message, { port }) => answer(socket, message, port));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

const DIGEST = "0123456789abcdef";

const echo = (socket: Socket, message: Buffer, port: number) => socket.send(message, port, "127.0.0.1");

test("what comes back is ok, from one socket however often; a port that nothing listens on refuses", async (context) => {
  const from = new Set<number>();
  const port = await listen(context, (socket, message, asker) => {
    from.add(asker);
    echo(socket, message, asker);
  });
  const knock = createKnocker();
  for (let times = 0; times < 5; times += 1) assert.equal(await knock("127.0.0.1", port, 5), "ok");
  assert.equal(from.size, 1);
  assert.equal(await knock("127.0.0.1", 1, 5), "refused");
  assert.equal(await knock("127.0.0.1", 1, 5), "refused");
});

test("an answer that is late or another's is none, and the next knock has a socket of its own", async (context) => {
  const from: number[] = [];
  let isAnswering = false;
  const port = await listen(context, (socket, message, asker) => {
    from.push(asker);
    if (isAnswering) echo(socket, message, asker);
    else socket.send("another", asker, "127.0.0.1");
  });
  const knock = createKnocker();
  assert.equal(await knock("127.0.0.1", port, 0.1), "silent");
  isAnswering = true;
  assert.equal(await knock("127.0.0.1", port, 5), "ok");
  assert.notEqual(from[0], from[1]);
});

test("where no way leads is silent, and does not wait", async () => {
  const knock = createKnocker();
  const began = performance.now();
  assert.equal(await knock("255.255.255.255", 9, 20), "silent");
  assert.ok(performance.now() - began < 5000);
});

test("of many places only a few keep a socket, and each is answered", async (context) => {
  const ports = await Promise.all(Array.from({ length: 12 }, () => listen(context, echo)));
  const knock = createKnocker();
  for (const port of [...ports, ...ports]) assert.equal(await knock("127.0.0.1", port, 5), "ok");
  assert.deepEqual(
    await Promise.all(ports.map((port) => knock("127.0.0.1", port, 5))),
    ports.map(() => "ok"),
  );
  assert.deepEqual(await Promise.all([1, 2].map(() => knock("127.0.0.1", ports[0] ?? 0, 5))), ["ok", "ok"]);
});

test("a kept socket keeps no process alive", async () => {
  const file = new URL("../../../agent/host/reach/knock.ts", import.meta.url).href;
  const script = `const { createKnocker } = await import(${JSON.stringify(file)}); console.log(await createKnocker()("127.0.0.1", 1, 5));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    timeout: 20_000,
  });
  assert.equal(stdout.trim(), "refused");
});

test("a pulse says the role of a gateway that knows it; one that sends back what came says that it answers", async (context) => {
  for (const role of ["holder", "standby", "ok"] as const) {
    const port = await listen(context, (socket, message, asker) =>
      socket.send(answerKnock(message, { role: () => role, digest: () => DIGEST }), asker, "127.0.0.1"),
    );
    assert.equal(await createPulse()("127.0.0.1", port, 5), role);
    assert.equal(await createKnocker()("127.0.0.1", port, 5), "ok", "a knock has no room for it");
  }
  assert.equal(await createPulse()("127.0.0.1", await listen(context, echo), 5), "ok");
  const port = await listen(context, (socket, message, asker) => {
    message[8] = 77;
    socket.send(message, asker, "127.0.0.1");
  });
  assert.equal(await createPulse()("127.0.0.1", port, 0.1), "silent", "a role that is none");
});

test("a knock brings the digest of a gateway that has one; one that sends back what came has none", async (context) => {
  const answers: KnockAnswers = { role: () => "holder", digest: () => DIGEST };
  const port = await listen(context, (socket, message, asker) =>
    socket.send(answerKnock(message, answers), asker, "127.0.0.1"),
  );
  const knock = createChangeKnocker();
  assert.deepEqual(await knock("127.0.0.1", port, 5), { reach: "ok", digest: DIGEST });
  assert.deepEqual(await knock("127.0.0.1", await listen(context, echo), 5), { reach: "ok" });
  assert.deepEqual(await knock("127.0.0.1", 1, 5), { reach: "refused" });
  const cut = await listen(context, (socket, message, asker) =>
    socket.send(message.subarray(0, 9), asker, "127.0.0.1"),
  );
  assert.deepEqual(await knock("127.0.0.1", cut, 0.1), { reach: "silent" }, "an answer of another length is none");
});
