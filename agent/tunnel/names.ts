// Names, ports and numbers that the satellite, the gateway and the administrator's commands agree on.

/** Where both ConfigMaps are. */
export const TUNNEL_NAMESPACE = "kube-system";
/** Administrators write it: which node may have which addresses. */
export const NETWORK_CONFIG_MAP = "eks-satellite-network";
/** Gateways write it: their keys and endpoints. */
export const GATEWAYS_CONFIG_MAP = "eks-satellite-gateways";
/** In the same namespace: the Lease of the gateway that the VPC's routes are to lead to. */
export const GATEWAY_LEASE = "eks-satellite-gateway";
/** Where the API server has it. */
export const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${TUNNEL_NAMESPACE}/leases/${GATEWAY_LEASE}`;
/** The Kubernetes group of gateways; their access entry names it. */
export const GATEWAY_GROUP = "eks-satellite:gateways";
/** A satellite says its public key in this annotation of its own Node: no other node may write it. */
export const PUBLIC_KEY_ANNOTATION = "eks-satellite.io/wireguard-public-key";
/** The key to which the satellite is about to change: gateways take either until it is gone. */
export const NEXT_PUBLIC_KEY_ANNOTATION = "eks-satellite.io/wireguard-public-key-next";

/** Says on a Node how large packets to it may be, in bytes, where that is less than the gateway's MTU. */
export const TUNNEL_MTU_ANNOTATION = "eks-satellite.io/tunnel-mtu";

/** The satellite's interface, and the first of two where the cluster has a standby gateway. */
export const TUNNEL_INTERFACE = "es0";
/** One for each gateway: WireGuard gives a network to one peer of an interface alone. What goes through one of these keeps a pod's address. */
export const TUNNEL_INTERFACES = [TUNNEL_INTERFACE, "es1"] as const;
/** The CNI network of pods with addresses; host-local keeps what it gave away under this name. */
export const POD_NETWORK = "eks-satellite";
/** The satellite's private key: root's alone. It is made on the machine and stays there. */
export const TUNNEL_KEY_FILE = "/etc/eks-satellite/tunnel.key";
/** The private key to which the satellite is about to change; there is none at other times. */
export const TUNNEL_NEXT_KEY_FILE = `${TUNNEL_KEY_FILE}.next`;
/** The satellite's chain in iptables. */
export const FIREWALL_CHAIN = "EKS-SATELLITE";
/** The unit of wireguard-go for the first interface, where the kernel has no WireGuard: the tunnel outlives the daemon. */
export const WIREGUARD_UNIT = "eks-satellite-wireguard";
/** The gateway's interface. */
export const GATEWAY_INTERFACE = "esgw0";
/** UDP, on a gateway's public address. */
export const WIREGUARD_PORT = 51820;
/** On a gateway's address in the VPC: by TCP {@link GatewayHealth} at /healthz, by UDP an echo of what a satellite's watch sends. */
export const GATEWAY_HEALTH_PORT = 51821;

/** The configuration of `eks-satellite gateway run`. */
export const GATEWAY_CONFIG_PATH = "/etc/eks-satellite/gateway.yaml";

/** WireGuard's own default: room for 80 bytes of the outer packet, with IPv6 outside. */
export const DEFAULT_MTU = 1420;
/** IPv6's least, and no link worth the name has less. */
export const MIN_MTU = 1280;
