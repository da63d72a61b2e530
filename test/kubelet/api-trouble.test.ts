import assert from "node:assert/strict";
import { test } from "node:test";
import { isCutOff, isTokenRefused } from "../../agent/kubelet/api-trouble.ts";
import { parseKlogLine } from "../../agent/kubelet/klog.ts";

const line = (message: string) => parseKlogLine(`E1128 18:57:51.057651   19846 ${message}`);

/** The first five and the JSON line were written by kubelet 1.34.4 against a server that answers 401. */
const REFUSED = [
  line(
    'reflector.go:205] "Failed to watch" err="failed to list *v1.Node: Unauthorized" logger="UnhandledError" type="*v1.Node"',
  ),
  line('event.go:359] "Server rejected event (will not retry!)" err="Unauthorized" event="&Event{…}"'),
  line('controller.go:145] "Failed to ensure lease exists, will retry" err="Unauthorized" interval="200ms"'),
  line('kubelet_node_status.go:107] "Unable to register node with API server" err="Unauthorized" node="gpu-1"'),
  line(
    'kubelet_node_status.go:548] "Error updating node status, will retry" err="error getting node \\"gpu-1\\": Unauthorized"',
  ),
  line("reflector.go:569] k8s.io/client-go/informers/factory.go:160: failed to list *v1.Node: Unauthorized"),
  parseKlogLine(
    '{"ts":1795892285147.079,"caller":"lease/controller.go:145","msg":"Failed to ensure lease exists, will retry","interval":"200ms","err":"Unauthorized"}',
  ),
];

test("client-go's own lines of a 401 say that the token is refused, as text and as JSON", () => {
  assert.deepEqual(
    REFUSED.filter((each) => !isTokenRefused(each)).map(({ message }) => message),
    [],
  );
});

test("a registry's refusal, a probe's output and a pod's words say nothing of the token", () => {
  for (const message of [
    'log.go:32] "PullImage from image service failed" err="failed to resolve reference: unexpected status: 401 Unauthorized" image="r.example.com/a"',
    'kuberuntime_image.go:42] "Failed to pull image" err="denied: Unauthorized" image="r.example.com/a"',
    'pod_workers.go:1324] "Error syncing pod, skipping" err="failed to StartContainer: Unauthorized" pod="default/x"',
    'prober.go:120] "Probe failed" output="HTTP probe failed: Unauthorized"',
    'event.go:359] "Server rejected event (will not retry!)" err="events is forbidden" event="Message:Unauthorized"',
    "Unauthorized",
  ])
    assert.equal(isTokenRefused(line(message)), false, message);
  assert.equal(isTokenRefused(parseKlogLine("failed to list *v1.Node: Unauthorized")), false);
});

test("only kubelet's own files say that Lease or status could not be written", () => {
  assert.ok(isCutOff(line('controller.go:195] "Failed to update lease" err="connection refused"')));
  assert.ok(isCutOff(line('kubelet_node_status.go:535] "Error updating node status, will retry" err="EOF"')));
  assert.ok(!isCutOff(line('pod_workers.go:1324] "Error syncing pod, skipping" err="Failed to update lease"')));
  assert.ok(!isCutOff(line('controller.go:1] "Something else" err="Failed to update lease"')));
});
