import assert from "node:assert/strict";
import { test } from "node:test";
import { absolutePath, ownFolder } from "../../agent/config/absolute-path.ts";

test("a path has one form, however it is written", () => {
  for (const path of ["/data/x", "/data/x/", "/data//x", "/data/./x", "//data/x/.", "/data/x///"])
    assert.equal(absolutePath().parse(path), "/data/x", path);
  assert.equal(absolutePath().parse("/"), "/");
});

test("one that is not absolute, or that leads up, is refused", () => {
  for (const path of ["", "data", "./data", "/data/..", "/data/../x", "/../x"])
    assert.equal(absolutePath().safeParse(path).success, false, path);
  assert.equal(absolutePath().parse("/data/..x"), "/data/..x");
});

test("a folder that is emptied has a name of the agent's own", () => {
  for (const path of ["/var/lib/eks-satellite", "/data/eks-satellite-2/", "/run//eks-satellite"])
    assert.equal(ownFolder().safeParse(path).success, true, path);
  for (const path of [
    "/",
    "/srv",
    "/home/me",
    "/eks-satellite/..",
    "/data/eks-satellite/state",
    "/tmp/my-eks-satellite",
  ])
    assert.equal(ownFolder().safeParse(path).success, false, path);
});
