// Events on our Node.
import type { ApiClient } from "./api-client.ts";
import type { NodeEventObject } from "./node-api.ts";

/** Events of a Node, which has no namespace, are in `default`. */
export function createNodeEvent(client: ApiClient, event: NodeEventObject): Promise<void> {
  return client.post("/api/v1/namespaces/default/events", { apiVersion: "v1", kind: "Event", ...event });
}
