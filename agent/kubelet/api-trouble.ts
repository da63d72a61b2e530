// What kubelet's log says of its calls to the API server. The words of pods and registries, which it quotes, say nothing of them.
import type { KlogLine } from "./klog.ts";

/** The files of client-go and kubelet that log how a call to the API server went. */
const API_SOURCES = new Set([
  "reflector.go",
  "event.go",
  "controller.go", // of the Lease
  "kubelet_node_status.go",
  "certificate_manager.go",
]);
/** client-go's error of a 401, alone or after what it was doing. */
const UNAUTHORIZED = /(?:^|: )Unauthorized$/;
/** kubelet's messages when it could not write its Lease or its Node's status. */
const NOT_WRITTEN = /^(?:Failed to (?:ensure|update) lease|Error updating node status)/;

/** Whether the API server refused kubelet's token. */
export function isTokenRefused(line: KlogLine): boolean {
  return isAboutApi(line) && UNAUTHORIZED.test(line.values.get("err") ?? line.text);
}

/** Whether kubelet could not write its Lease or its Node's status. */
export function isCutOff(line: KlogLine): boolean {
  return isAboutApi(line) && NOT_WRITTEN.test(line.text);
}

function isAboutApi({ source }: KlogLine): boolean {
  return source !== undefined && API_SOURCES.has(source);
}
