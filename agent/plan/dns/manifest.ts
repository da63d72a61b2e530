// The static pod of the cache: kubelet keeps it, so it outlives the daemon and needs no API server.
import { stringify } from "yaml";
import {
  DNS_CACHE_ADDRESS,
  DNS_CACHE_FOLDER,
  DNS_CACHE_NAMESPACE,
  DNS_CACHE_POD,
  DNS_CACHE_PORTS,
} from "../../config/network/dns-cache.ts";

const CONFIG_MOUNT = "/etc/coredns";

/** Renders the manifest. */
export function renderDnsManifest(image: string): string {
  return stringify(
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: DNS_CACHE_POD,
        namespace: DNS_CACHE_NAMESPACE,
        labels: { "app.kubernetes.io/name": DNS_CACHE_POD, "app.kubernetes.io/managed-by": "eks-satellite" },
      },
      spec: {
        hostNetwork: true,
        // Its own names are the machine's: it is what answers the others.
        dnsPolicy: "Default",
        priorityClassName: "system-node-critical",
        terminationGracePeriodSeconds: 5,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        tolerations: [{ operator: "Exists" }],
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        containers: [planContainer(image)],
        volumes: [{ name: "config", hostPath: { path: DNS_CACHE_FOLDER, type: "Directory" } }],
      },
    },
    { sortMapEntries: true },
  );
}

function planContainer(image: string) {
  return {
    name: "coredns",
    image,
    // An image that is on the machine needs no registry.
    imagePullPolicy: "IfNotPresent",
    args: ["-conf", `${CONFIG_MOUNT}/Corefile`],
    resources: { requests: { cpu: "25m", memory: "32Mi" }, limits: { memory: "170Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      // The image's own user gets the capability from its file alone, which a process without new privileges does not.
      runAsUser: 0,
    },
    livenessProbe: {
      httpGet: { host: DNS_CACHE_ADDRESS, path: "/health", port: DNS_CACHE_PORTS.health },
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 5,
    },
    volumeMounts: [{ name: "config", mountPath: CONFIG_MOUNT, readOnly: true }],
  };
}
