import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfigMap } from "../../agent/kubernetes/config-map.ts";

const QUESTION = { namespace: "kube-system", name: "eks-satellite-network" };

function serve(item: object | undefined) {
  const asked: (readonly [path: string, accept: string | undefined])[] = [];
  const get = async <T>(path: string, accept?: string) => {
    asked.push([path, accept]);
    return { items: item === undefined ? [] : [item] } as T;
  };
  return { client: { get } as never, asked };
}

test("a ConfigMap is read by a list of one, which a right to read that name covers", async () => {
  const { client, asked } = serve({ metadata: { resourceVersion: "7" }, data: { a: "b" } });
  assert.deepEqual(await readConfigMap(client, { ...QUESTION, knownVersion: undefined }), {
    kind: "found",
    resourceVersion: "7",
    data: { a: "b" },
  });
  assert.deepEqual(asked, [
    ["/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Deks-satellite-network", undefined],
  ]);
});

test("one that is known is asked for its metadata alone, and is sent when its version is another", async () => {
  const { client, asked } = serve({ metadata: { resourceVersion: "7" } });
  assert.deepEqual(await readConfigMap(client, { ...QUESTION, knownVersion: "7" }), { kind: "unchanged" });
  assert.match(asked[0]?.[1] ?? "", /as=PartialObjectMetadataList/);
  assert.equal((await readConfigMap(client, { ...QUESTION, knownVersion: "6" })).kind, "found");
  assert.equal(asked.length, 3);
});

test("one that is not there is an answer and no error", async () => {
  for (const knownVersion of [undefined, "7"])
    assert.deepEqual(await readConfigMap(serve(undefined).client, { ...QUESTION, knownVersion }), { kind: "absent" });
});
