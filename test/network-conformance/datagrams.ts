// Datagrams that no router may cut, to and from a pod, on a machine of any kind: Perl is on every Debian, and sets what Node.js cannot.
import { setTimeout as delay } from "node:timers/promises";
import type { RoutedNode } from "../e2e/network/routed.ts";
import { sendWhole, startEcho } from "../e2e/network/routed-pods.ts";
import { podNamespace } from "../sandbox/services/vpc-pod.ts";

const UNIT = "conformance-echo";
/** IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO. */
const WHOLE = 'setsockopt($s, 0, 10, pack("i", 2)) or die $!;';
const OPEN = `use Socket; use Errno; socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!; ${WHOLE}`;
const ECHO = `${OPEN}
bind($s, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die $!;
while (1) { my $peer = recv($s, my $data, 65536, 0); send($s, $data, 0, $peer) if defined $peer; }`;
const SEND = `${OPEN}
my $to = sockaddr_in($ARGV[1], inet_aton($ARGV[0]));
for (1 .. 5) {
  if (!defined send($s, "x" x $ARGV[2], 0, $to)) { print $!{EMSGSIZE} ? "EMSGSIZE" : "error: $!"; exit; }
  my $bits = ""; vec($bits, fileno($s), 1) = 1;
  if (select($bits, undef, undef, 1)) { recv($s, my $data, 65536, 0); print "echo of ", length $data; exit; }
}
print "silence";`;

export class Datagrams {
  readonly #node: RoutedNode;
  readonly #port: number;
  /** Of the pod that echoes now. */
  #echoes: string | undefined;

  constructor(node: RoutedNode, port: number) {
    this.#node = node;
    this.#port = port;
  }

  /** From the VPC to a pod, whose echo comes back as large. */
  async toPod(pod: string, bytes: number): Promise<string> {
    await this.#echoFrom(pod);
    return sendWhole(this.#node.vpcPod, pod, this.#port, bytes);
  }

  /** From a pod to the VPC, which echoes. */
  async fromPod(pod: string, to: string, bytes: number): Promise<string> {
    const echo = await startEcho(`/run/netns/${podNamespace(this.#node.connected.sandbox.addresses)}`, to, this.#port);
    try {
      const send = ["perl", "-e", SEND, to, String(this.#port), String(bytes)];
      return await this.#node.box("nsenter", `--net=${await this.#namespaceOf(pod)}`, ...send);
    } finally {
      echo.stop();
    }
  }

  /** It ends with the pod's network; a pod that has another address gets another one. */
  async #echoFrom(pod: string): Promise<void> {
    const isThere = await this.#node.box("sh", "-c", `systemctl is-active ${UNIT} || true`);
    if (this.#echoes === pod && isThere === "active") return;
    await this.#node.box("sh", "-c", `systemctl stop ${UNIT} 2>/dev/null || true`);
    const inside = ["nsenter", `--net=${await this.#namespaceOf(pod)}`, "perl", "-e", ECHO, pod, String(this.#port)];
    await this.#node.box("systemd-run", "--quiet", "--collect", `--unit=${UNIT}`, ...inside);
    await delay(1000); // Until it listens; the sender tries five times.
    this.#echoes = pod;
  }

  /** As the machine names it. @throws Error when no pod has the address */
  async #namespaceOf(address: string): Promise<string> {
    const find = `for name in /run/netns/*; do nsenter --net="$name" ip -4 -oneline address show | grep -q " ${address}/" && echo "$name" && exit; done; exit 1`;
    return this.#node.box("sh", "-c", find);
  }
}
