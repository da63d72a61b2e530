// The real NodeApi: each call is a request of the client of the API server.
import { type ApiClientOptions, createApiClient } from "./api-client.ts";
import { readServingRequest } from "./certificate-request.ts";
import { readConfigMap } from "./config-map.ts";
import { createNodeEvent } from "./event.ts";
import {
  patchNodeAnnotations,
  patchNodeCondition,
  patchNodeCordon,
  patchNodeLabels,
  readNode,
  readNodeLabels,
  removeNodeCondition,
  watchNode,
} from "./node.ts";
import type { NodeApi } from "./node-api.ts";

/** Creates the handle on the API server. */
export function createNodeApi(options: ApiClientOptions): NodeApi {
  const client = createApiClient(options);
  return {
    read: (name) => readNode(client, name),
    watch: (name, since, onEvent, signal) => watchNode(client, name, { since, onEvent, signal }),
    readServingRequest: (name) => readServingRequest(client, name),
    patchCondition: (name, condition) => patchNodeCondition(client, name, condition),
    removeCondition: (name, type) => removeNodeCondition(client, name, type),
    readLabels: (name) => readNodeLabels(client, name),
    patchLabels: (name, labels) => patchNodeLabels(client, name, labels),
    patchCordon: (name, seen, patch) => patchNodeCordon(client, name, seen, patch),
    patchAnnotations: (name, annotations) => patchNodeAnnotations(client, name, annotations),
    readConfigMap: (namespace, name, knownVersion) => readConfigMap(client, { namespace, name, knownVersion }),
    createEvent: (event) => createNodeEvent(client, event),
  };
}
