// What is known of this node's tunnel: whether it has one, where it leads, and what of the machine's own network could be in its way.
import type { SatelliteError } from "../../errors.ts";
import type { GatewayEntry } from "../../tunnel/entries.ts";

/** A gateway, as the configuration or the cluster names it. */
export interface TunnelGateway extends Pick<GatewayEntry, "publicKey" | "nextPublicKey" | "endpoint" | "address"> {
  /** Of a static tunnel, its place in the configuration. */
  readonly name: string;
  /** The endpoint with an address in place of its name; undefined while the name cannot be resolved. */
  readonly resolved: string | undefined;
  /** Undefined where the gateway says nothing of it. */
  readonly mtu: number | undefined;
  /** The keys that it says it accepts, of this node alone; undefined where it says nothing, as with a static tunnel. */
  readonly peers?: Readonly<Record<string, string>> | undefined;
}

export interface WantedTunnel {
  /** The node's address in it. */
  readonly address: string;
  /** Networks of this node's pods. */
  readonly pods: readonly string[];
  readonly vpcCidrs: readonly string[];
  /** The cluster's networks of nodes and pods outside the VPC, which lie behind the gateway too. */
  readonly remoteNetworks: readonly string[];
  readonly serviceCidr: string;
  /** In a lasting order: the first one has the first interface. */
  readonly gateways: readonly TunnelGateway[];
  /** The name of the one that carries the traffic. Default: the first one that has an address. */
  readonly carrier?: string | undefined;
  /** This machine's own. */
  readonly publicKey: string;
  /** An administrator entered it by hand: it is not rotated. */
  readonly isKeyPinned: boolean;
}

export interface LocalRoute {
  /** E.g. `192.168.1.0/24`. */
  readonly destination: string;
  readonly interface: string;
}

/** The machine's own network, without the tunnel; IPv4 alone. */
export interface Surroundings {
  /** Without the default route. */
  readonly routes: readonly LocalRoute[];
  readonly addresses: readonly { readonly interface: string; readonly address: string }[];
  readonly defaultGateway: string | undefined;
  /** Of /etc/resolv.conf, and of systemd-resolved. */
  readonly nameServers: readonly string[];
}

/** Undefined: it is not known, and could not be asked; what is there stays. */
export type TunnelFacts =
  /** It has not been asked yet, and will be: kubelet waits, since its address depends on it. */
  | { readonly kind: "waiting" }
  | {
      readonly kind: "none";
      readonly reason: "NotUsed" | "NoEntry";
      readonly message: string;
      readonly problem?: SatelliteError | undefined;
    }
  | {
      readonly kind: "wanted";
      readonly tunnel: WantedTunnel;
      readonly surroundings: Surroundings;
      /** What is wrong with newer entries, while older ones are in force. */
      readonly problem?: SatelliteError | undefined;
    }
  /** There should be one, and it cannot be planned. What is there stays, and so does the node's address. */
  | { readonly kind: "damaged"; readonly problem: SatelliteError; readonly address: string | undefined };
