import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTunnelPicture, STEPS } from "../../scripts/docs/tunnel-picture.ts";
import { readPage } from "./markdown.ts";

test("the picture of the tunnel has every step, and names reasons that the troubleshooting page explains", () => {
  const svg = renderTunnelPicture();
  const headings = readPage("docs/troubleshooting/README.md").headings.map(({ text }) => text);
  for (const { what, reasons = [] } of STEPS) {
    assert.ok(svg.includes(`>${what}<`), what);
    for (const reason of reasons) assert.ok(headings.includes(reason), reason);
  }
  assert.ok(STEPS.flatMap(({ reasons = [] }) => reasons).length > 5);
});
