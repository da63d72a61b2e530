// The Deployment that shows a node at work: one hostNetwork pod that serves a page on port 8080.
import { webImage } from "./images.ts";

/** Name of the Deployment and its label `app`. */
export const webName = "web";

/** The port on which the pod serves, on the node's own address. */
export const webPort = 8080;

/** The Deployment's manifest, as JSON for kubectl. */
export function renderWebDeployment(): string {
  const labels = { app: webName };
  return JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: webName, namespace: "default" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      // The port is the node's own: the old pod has to go before a new one can listen.
      strategy: { type: "Recreate" },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          terminationGracePeriodSeconds: 5,
          containers: [
            { name: webName, image: webImage, imagePullPolicy: "Never", ports: [{ containerPort: webPort }] },
          ],
        },
      },
    },
  });
}
