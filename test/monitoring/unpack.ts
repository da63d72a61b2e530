// Unpacks Debian's prometheus before tests that run at the same time would each do it: node test/monitoring/unpack.ts
import { prometheusPrograms } from "./promtool.ts";

await prometheusPrograms();
