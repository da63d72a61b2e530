// Echo requests from the VPC to a node, ten a second, and which of them were answered: the sandbox's host has no ping.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const PROGRAM = `
import json, os, select, signal, socket, struct, sys, time
target, ident = sys.argv[1], os.getpid() & 0xffff
link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
sent, answered, running = {}, {}, [True]
signal.signal(signal.SIGTERM, lambda *_: running.clear())
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
def receive(until):
    while (left := until - time.monotonic()) > 0:
        if not select.select([link], [], [], left)[0]: return
        data, (source, _) = link.recvfrom(2048)
        head = (data[0] & 15) * 4
        kind, _, _, them, sequence = struct.unpack("!BBHHH", data[head:head + 8])
        if kind == 0 and them == ident and source == target: answered.setdefault(sequence, time.monotonic())
sequence, due = 0, time.monotonic()
while running:
    packet = struct.pack("!BBHHH", 8, 0, 0, ident, sequence) + b"satellite-ping--"
    packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
    sent[sequence] = time.monotonic()
    try: link.sendto(packet, (target, 0))
    except OSError: pass
    sequence, due = sequence + 1, due + 0.1
    receive(due)
receive(time.monotonic() + 1)
good = sorted(sent[each] for each in answered if each in sent)
gaps = [after - before for before, after in zip(good, good[1:])]
lost = [each for each in sent if each not in answered]
print(json.dumps({"sent": len(sent), "lost": len(lost), "longestGapMs": round(max(gaps, default=0) * 1000), "lostAtMs": [each * 100 for each in lost[:10]]}))
`;

export interface PingResult {
  readonly sent: number;
  readonly lost: number;
  /** Between two requests that were answered; 100 ms where none is lost. */
  readonly longestGapMs: number;
  /** When the first ten that were lost were sent, since the beginning. */
  readonly lostAtMs: readonly number[];
}

export class Pings {
  readonly #child: ChildProcess;
  #said = "";

  constructor(namespace: string, address: string) {
    const command = ["netns", "exec", namespace, "python3", "-c", PROGRAM, address];
    this.#child = spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#said += chunk;
    });
  }

  /** Ends it, a second after the last request. */
  async stop(): Promise<PingResult> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    await closed;
    return JSON.parse(this.#said);
  }
}
