// Why Services or cluster DNS do not answer, from what was asked: the cause that hides the others comes first.
import type { Report } from "../../board/conditions.ts";
import { isoTime } from "../../time.ts";
import type { ServicesObservation } from "./services-reader.ts";

type Finding = Omit<Report, "status">;

/** The state of ServicesWorking. */
export function diagnoseServices(observation: ServicesObservation): Report {
  const failure = findKubeProxy(observation) ?? findService(observation);
  if (failure !== undefined) return { status: "False", ...failure };
  const { apiService, kubeProxy } = observation;
  const who =
    kubeProxy.kind === "absent"
      ? "no kube-proxy answers: a CNI plugin may do its work"
      : "kube-proxy's rules are fresh";
  return { status: "True", reason: "Answers", message: `the API server answers at its Service ${apiService}; ${who}` };
}

/** The state of ClusterDnsWorking. Where Services do not work either, that is what needs mending. */
export function diagnoseClusterDns(observation: ServicesObservation): Report {
  const { dns, dnsServer, dnsName, apiService } = observation;
  if (dns.kind === "answered" && dns.addresses.includes(apiService))
    return { status: "True", reason: "Answers", message: `cluster DNS at ${dnsServer} knows ${dnsName}` };
  if (diagnoseServices(observation).status !== "True")
    return {
      status: "Unknown",
      reason: "ServicesNotWorking",
      message: `cluster DNS at ${dnsServer} does not answer, and it is a Service itself: see ServicesWorking`,
    };
  return { status: "False", ...findDns(observation) };
}

/** Without fresh rules a Service leads to pods that are gone, though old rules go on answering. */
function findKubeProxy({
  kubeProxy,
  cni,
  service,
  identity,
  nodeName,
  apiService,
}: ServicesObservation): Finding | undefined {
  if (kubeProxy.kind === "fresh") return undefined;
  if (kubeProxy.kind === "stale") {
    const since = kubeProxy.updatedAtMs === undefined ? "" : ` since ${isoTime(kubeProxy.updatedAtMs)}`;
    return {
      reason: "RulesStale",
      message: `kube-proxy has not written its rules${since}: Services that changed lead to pods that are gone`,
      hint: `Read the logs of its pod: iptables, or its way to the API server, fails. kubectl -n kube-system get pods --field-selector spec.nodeName=${nodeName} names it.`,
    };
  }
  if (cni === "none" && service === "ok") return undefined;
  const old = service === "ok" ? `; rules of an earlier one still answer at ${apiService}` : "";
  return {
    reason: "KubeProxyMissing",
    message: `no kube-proxy answers on port 10256 of this machine${old}`,
    hint:
      identity === "fargate"
        ? "EKS keeps its own away from a fargate identity. An administrator: eks-satellite authorize --identity fargate --kube-proxy."
        : `kubectl -n kube-system get pods --selector k8s-app=kube-proxy --field-selector spec.nodeName=${nodeName}: EKS's add-on kube-proxy brings it.`,
  };
}

function findService(observation: ServicesObservation): Finding | undefined {
  const { service, apiService, route, address, serviceCidr } = observation;
  const remedy = `kubectl get endpointslices --selector kubernetes.io/service-name=kubernetes; ip route get ${apiService}`;
  switch (service) {
    case "ok":
      return undefined;
    case "foreign":
      return {
        reason: "ServiceForeign",
        message: `what answers at ${apiService}:443 has no certificate of the cluster's CA for that address`,
        hint: `${remedy}: the range ${serviceCidr} may be a network of this machine's own.`,
      };
    case "refused":
      return {
        reason: "ServiceRefused",
        message: `the connection to ${apiService}:443 is refused: kube-proxy knows no endpoint of the Service`,
        hint: remedy,
      };
    case "silent":
      return address === undefined || route?.source === undefined || route.source === address
        ? {
            reason: "ServiceSilent",
            message: `nothing answers at ${apiService}:443; packets to it leave from ${route?.source ?? "no address"}`,
            hint: `${remedy}: the API server's addresses in the VPC must answer this machine.`,
          }
        : {
            reason: "ServiceRouteMissing",
            message: `packets to ${apiService} leave by ${route.device} from ${route.source}, and the VPC answers ${address} alone`,
            hint: `A tunnel of the daemon's sets this route: eks-satellite plan --diff. With another VPN: ip route replace ${serviceCidr} dev DEVICE src ${address}.`,
          };
  }
}

function findDns({ dns, dnsServer, dnsName, apiService, isCached }: ServicesObservation): Finding {
  const pods = "kubectl -n kube-system get pods,endpointslices --selector k8s-app=kube-dns";
  switch (dns.kind) {
    case "answered":
      return {
        reason: "ClusterNameWrong",
        message: `cluster DNS at ${dnsServer} says that ${dnsName} is ${dns.addresses.join(", ")}, not ${apiService}`,
        hint: "Another cluster's DNS answers there: compare kubectl -n kube-system get service kube-dns.",
      };
    case "unknown":
      return {
        reason: "ClusterNameUnknown",
        message: `the name server at ${dnsServer} does not know ${dnsName}`,
        hint: `${pods}; kubectl -n kube-system get configmap coredns -o yaml: its plugin kubernetes must serve the cluster's domain.`,
      };
    case "refused":
      return {
        reason: "CoreDnsAway",
        message: `questions to cluster DNS at ${dnsServer} are refused: no pod of it is ready`,
        hint: `${pods}. ${isCached ? "Until then pods have public names, and cluster names of the last hour, from the cache on this machine" : "Pods with a cluster DNS policy resolve no name until then, public ones included"}.`,
      };
    case "silent":
      return {
        reason: "DnsTimeout",
        message: `cluster DNS at ${dnsServer} does not answer`,
        hint: `${pods}: UDP and TCP 53 to those pods must pass the security groups, from this node's address.`,
      };
  }
}
