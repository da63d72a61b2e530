// Measures the daemon on the sandbox and prints one JSON line for each figure; with the word `gpu` those of GPUs alone, with `rounds` those of rounds by the number of files, with `network` those of the tunnel, with `network cost` what it costs the daemon, and with `network faults` how long faults last.
// With `join` those of a join, and with `join loaded` the same beside a busy loop on each core.
// With `gateway` those of a gateway with 500 satellites; with `fleet` those of 300 daemons, whose outages last 120 s or as many seconds as a second word says.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { up } from "../sandbox/up.ts";
import { reportConditionFigures } from "./conditions.ts";
import { measureIdle, measureRounds, measureStart } from "./daemon.ts";
import { type Figure, median, renderFigure } from "./figure.ts";
import { reportFleetFigures } from "./fleet/report.ts";
import { reportGatewayFigures } from "./gateway.ts";
import { reportGpuFigures } from "./gpu.ts";
import { measureCheck, measureCheckCut, measureMetrics, measureStatus, percentile99 } from "./health.ts";
import { measureRespawn } from "./join.ts";
import { reportJoinFigures } from "./join-figures.ts";
import { measureMemoryGrowth } from "./memory.ts";
import { reportNetworkFigures } from "./network.ts";
import { reportRoundFigures } from "./rounds.ts";
import { measureTokenMint } from "./token.ts";

const RUNS = 7;
/** One each half minute. */
const ROUNDS = 5;

const report = (figure: Figure) => console.log(renderFigure(figure));
if (process.argv[2] === "gpu") {
  await reportGpuFigures(report);
  process.exit(0);
}

if (process.argv[2] === "rounds") {
  await reportRoundFigures(report);
  reportConditionFigures(report);
  process.exit(0);
}

if (process.argv[2] === "network") {
  await reportNetworkFigures(report, process.argv[3]);
  process.exit(0);
}

if (process.argv[2] === "fleet") {
  await reportFleetFigures(report, { outageSeconds: Number(process.argv[3] ?? 120) });
  process.exit(0);
}

if (process.argv[2] === "gateway") {
  await reportGatewayFigures(report);
  process.exit(0);
}

const { sandbox } = await up({ folder: join(cacheFolder(), "bench-sandbox"), progress: new Progress() });
if (process.argv[2] === "join") {
  await reportJoinFigures(report, sandbox, process.argv[3] === "loaded");
  process.exit(0);
}

await reportJoinFigures(report, sandbox);
const starts = await measureStart(sandbox, RUNS);
report({ metric: "start_ms", value: median(starts), samples: starts });
const respawns = await measureRespawn(sandbox, RUNS);
report({ metric: "kubelet_respawn_ms", value: median(respawns), samples: respawns });
const rounds = await measureRounds(sandbox, ROUNDS);
report({ metric: "noop_round_ms", value: median(rounds.milliseconds), samples: rounds.milliseconds });
report({ metric: "noop_round_writes", value: rounds.writes });
const idle = await measureIdle(sandbox);
report({ metric: "anonymous_mb", value: idle.anonymousMegabytes });
report({ metric: "rss_above_node_mb", value: idle.rssMegabytes - idle.bareNodeMegabytes });
report({
  metric: "rss_mb",
  value: idle.rssMegabytes,
  samples: { bareNodeMb: idle.bareNodeMegabytes, fileMb: idle.fileMegabytes },
});
report({ metric: "cpu_percent", value: idle.cpuPercent, samples: { secondsPerHour: idle.cpuPercent * 36 } });
const programs = Object.values(idle.programsPerHour).reduce((sum, count) => sum + count, 0);
report({ metric: "programs_per_hour", value: programs, samples: idle.programsPerHour });
const mints = await measureTokenMint();
report({ metric: "token_mint_ms", value: median(mints) });
const day = await measureMemoryGrowth();
report({ metric: "memory_growth_mb", value: day.growthMegabytes, samples: { rounds: day.rounds } });
const statuses = await measureStatus(sandbox);
report({ metric: "status_p99_ms", value: percentile99(statuses), samples: { requests: statuses.length } });
const scrapes = await measureMetrics(sandbox);
report({ metric: "metrics_ms", value: median(scrapes), samples: { firstMs: scrapes[0] } });
report({ metric: "check_s", value: await measureCheck(sandbox) });
report({ metric: "check_cut_s", value: await measureCheckCut(sandbox) });
const { size } = await stat(join(import.meta.dirname, "../../dist/eks-satellite-daemon.mjs"));
report({ metric: "bundle_mb", value: size / 1e6 });
await reportRoundFigures(report);
reportConditionFigures(report);
await reportGpuFigures(report);
