// Behind the gateway: its health, an API server, and packets to the satellite. Prints a line for each packet that comes back.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createInterface } from "node:readline";
import { localhost } from "../../fakes/certificates.ts";
import { sampleHealth } from "../watch/samples.ts";
import { API_ADDRESS, GATEWAY_ADDRESS, NODE_ADDRESS } from "./lab.ts";

export const API_PORT = 8443;
export const ECHO_PORT = 7;
const PING_EVERY_MS = 50;

if (import.meta.main) {
  const health = JSON.stringify(sampleHealth({ apiServers: [{ address: API_ADDRESS, reach: "ok" }] }));
  createServer((_, response) => void response.end(health)).listen(51821, GATEWAY_ADDRESS);
  createTlsServer(localhost, (_, response) => void response.end("ok")).listen(API_PORT, API_ADDRESS);
  const socket = createSocket("udp4");
  socket.on("message", () => void console.log(JSON.stringify({ atMs: Date.now() })));
  socket.on("error", () => undefined); // No way leads there while the gateway's WireGuard is gone.
  let isPinging = false;
  setInterval(() => {
    if (isPinging) socket.send("ping", ECHO_PORT, NODE_ADDRESS, () => undefined);
  }, PING_EVERY_MS);
  createInterface({ input: process.stdin }).on("line", (word) => {
    isPinging = word === "ping";
  });
}
