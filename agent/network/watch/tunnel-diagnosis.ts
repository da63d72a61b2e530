// Why no gateway answers, from what is known of it: a table in the order in which one cause hides the next.
import type { Report } from "../../board/conditions.ts";
import { cutText, oneLine, withoutControls } from "../../foreign-text.ts";
import { GATEWAY_HEALTH_PORT } from "../../tunnel/names.ts";
import type { SilentGateway, TunnelObservation } from "./watched-tunnel.ts";

const MAX_NAME_CHARACTERS = 100;
const CHECK = "An administrator: eks-satellite gateway check.";

interface Cause {
  readonly applies: (observation: TunnelObservation) => boolean;
  readonly report: (observation: TunnelObservation) => Omit<Report, "status">;
}

const CAUSES: readonly Cause[] = [
  {
    applies: ({ peer }) => peer === undefined,
    report: ({ tunnel: { interface: name, gateway } }) => ({
      reason: "InterfaceMissing",
      message: `there is no WireGuard interface ${name} with the peer ${gateway.publicKey}`,
      hint: `ip link show ${name}; wg show ${name}; eks-satellite plan --diff shows what the daemon is about to set.`,
    }),
  },
  {
    applies: ({ tunnel: { gateway }, nodeName, peer }) =>
      gateway.peers !== undefined && gateway.peers[nodeName] !== peer?.ownKey,
    report: ({ tunnel: { gateway }, nodeName, peer }) => ({
      reason: "KeyUnknown",
      message: `the gateway at ${gateway.endpoint} accepts ${gateway.peers?.[nodeName] === undefined ? "no key" : "another key"} for node ${nodeName}, and this machine's is ${peer?.ownKey}`,
      hint: `kubectl get node ${nodeName} -o yaml must show this key as eks-satellite.io/wireguard-public-key, and the ConfigMap eks-satellite-network in kube-system an entry ${nodeName}: eks-satellite authorize --tunnel writes it.`,
    }),
  },
  {
    applies: ({ answer }) => answer.kind === "refused",
    report: ({ tunnel: { gateway } }) => ({
      reason: "GatewayNotRunning",
      message: `packets reach the gateway, and nothing listens on ${healthOf(gateway.address)}`,
      hint: "On the gateway: systemctl status eks-satellite-gateway.",
    }),
  },
  {
    applies: ({ answer }) => answer.kind === "foreign",
    report: ({ tunnel: { gateway } }) => ({
      reason: "GatewayForeign",
      message: `what answers on ${healthOf(gateway.address)} is no gateway of eks-satellite`,
      hint: "The gateway's address in the VPC belongs to another program: compare it with the ConfigMap eks-satellite-gateways in kube-system.",
    }),
  },
  {
    applies: ({ isHandshaken }) => isHandshaken,
    report: ({ tunnel: { gateway, interface: name } }) => ({
      reason: "GatewaySilent",
      message: `the gateway at ${gateway.endpoint} shakes hands, and ${healthOf(gateway.address)} does not answer through the tunnel`,
      hint: `ip route get ${gateway.address} must say dev ${name}, a firewall here must let it in, and the gateway must know this node's address. ${CHECK}`,
    }),
  },
  {
    applies: ({ hasAnswered }) => hasAnswered,
    report: (observation) => ({
      reason: "GatewayAway",
      message: `the gateway at ${observation.tunnel.gateway.endpoint} no longer answers (${bytesOf(observation)})`,
      hint: `${CHECK} Its instance may be stopped, or UDP to it cut off. The node and its pods run on.`,
    }),
  },
  {
    applies: ({ tunnel: { gateway } }) => gateway.peers !== undefined,
    report: (observation) => ({
      reason: "UdpBlocked",
      message: `the gateway at ${observation.tunnel.gateway.endpoint} knows this machine's key, and there is no handshake (${bytesOf(observation)})`,
      hint: `A firewall on the way drops UDP: allow this machine out to ${observation.tunnel.gateway.endpoint}. Or the instance is stopped. ${CHECK}`,
    }),
  },
  {
    applies: () => true,
    report: (observation) => ({
      reason: "HandshakeMissing",
      message: `the gateway at ${observation.tunnel.gateway.endpoint} has answered no handshake (${bytesOf(observation)}): it does not know the key ${observation.peer?.ownKey}, has another one than ${observation.tunnel.gateway.publicKey}, or UDP does not reach it`,
      hint: `Compare both keys with wg show on the gateway, and allow UDP out to ${observation.tunnel.gateway.endpoint}.`,
    }),
  },
];

/** The state of TunnelUp. */
export function diagnoseTunnel(observation: TunnelObservation): Report {
  const { answer, tunnel } = observation;
  if (answer.kind === "answered") {
    const name = oneLine(withoutControls(cutText(answer.health.gateway, MAX_NAME_CHARACTERS)));
    const message = `gateway ${name} answers on ${tunnel.gateway.address} through the tunnel`;
    const alone = describeSilence(observation.silent);
    return { status: "True", ...(alone ?? { reason: "GatewayAnswers" }), message: `${message}${alone?.message ?? ""}` };
  }
  const cause = CAUSES.find(({ applies }) => applies(observation)) as Cause; // The last one applies always.
  return { status: "False", ...cause.report(observation) };
}

/** The tunnel works, and the next failure would end it. */
function describeSilence(silent: SilentGateway | undefined): Omit<Report, "status"> | undefined {
  if (silent === undefined) return undefined;
  const { name, endpoint, hasFailed } = silent;
  return {
    reason: hasFailed ? "GatewayFailedOver" : "StandbySilent",
    message: hasFailed
      ? ` in place of ${name} at ${endpoint}, which no longer answers`
      : `; ${name} at ${endpoint}, which stands by, does not answer`,
    hint: `Nothing stands by until it answers again. ${CHECK} Its instance may be stopped, or UDP to it cut off.`,
  };
}

function healthOf(address: string): string {
  return `${address}:${GATEWAY_HEALTH_PORT}`;
}

function bytesOf({ peer }: TunnelObservation): string {
  return `${peer?.sentBytes} bytes sent, ${peer?.receivedBytes} received`;
}
