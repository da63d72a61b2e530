import assert from "node:assert/strict";
import { test } from "node:test";
import { countFailedPull, failedPullOf } from "../../agent/kubelet/failed-pull.ts";
import { parseKlogLine } from "../../agent/kubelet/klog.ts";

/** As kubelet 1.34 writes it. */
const line = (image: string) =>
  `E1123 10:00:00.000001     123 log.go:32] "PullImage from image service failed" err="rpc error: code = NotFound desc = failed to pull and unpack image \\"${image}\\"" image="${image}"`;
const of = (image: string) => failedPullOf(parseKlogLine(line(image)));

test("a failed pull is told by the registry in the image's name", () => {
  assert.equal(
    of("123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1"),
    "123456789012.dkr.ecr.us-east-1.amazonaws.com",
  );
  assert.equal(of("registry.example.com:5000/app@sha256:00"), "registry.example.com:5000");
  assert.equal(of("localhost/app"), "localhost");
});

test("a name without a registry is Docker Hub's", () => {
  assert.equal(of("nginx:1.27"), "docker.io");
  assert.equal(of("library/nginx"), "docker.io");
});

test("a failed pull is found with kubelet's log in JSON too", () => {
  const json =
    '{"ts":1764246000123.456,"caller":"remote/remote_image.go:180","msg":"PullImage from image service failed","err":"rpc error: code = NotFound desc = not found","image":"registry.example.com/app:1"}';
  assert.equal(failedPullOf(parseKlogLine(json)), "registry.example.com");
});

test("other lines are none, also when they name an image or quote such a line", () => {
  const other = (message: string) => failedPullOf(parseKlogLine(`E1123 10:00:00.000001     123 log.go:32] ${message}`));
  assert.equal(other('"Failed to pull image" err="back-off" image="nginx"'), undefined);
  assert.equal(other('"Started container" image="r.example.com/app"'), undefined);
  const quoted = '"Error syncing pod" err="\\"PullImage from image service failed\\" image=\\"evil.example.com/a\\""';
  assert.equal(other(quoted), undefined);
});

test("however many registries images name, fifty have a count of their own", () => {
  const counts = new Map<string, number>();
  for (let name = 0; name < 10_000; name += 1) countFailedPull(counts, `registry-${name}.example`);
  countFailedPull(counts, "registry-0.example");
  assert.equal(counts.size, 51);
  assert.equal(counts.get("registry-0.example"), 2);
  assert.equal(counts.get("other"), 9950);
});
