// A kubelet of one release, of a cluster that is a release ahead: what the switch and its trial are tried on.
import { setUpArtifacts } from "./memory-artifacts.ts";

/** The configuration that lets kubelet follow the cluster. */
export const AUTO = "kubelet: { upgrade: auto }";
/** Releases of the mirror: the one that runs, and the one that the cluster has. */
export const BOTH = ["1.33.13", "1.34.4"];

export type Setup = Awaited<ReturnType<typeof setUpUpgrade>>;

/** A machine that runs 1.33.13, of a cluster that has just been upgraded to 1.34. */
export async function setUpUpgrade(config = AUTO, versions: readonly string[] = BOTH) {
  const setup = setUpArtifacts(versions, config);
  await setup.round();
  await setup.round();
  setup.situation.cluster = "1.34";
  setup.running.version = "1.33.13";
  return setup;
}

/** The Node is Ready with what is linked, for long enough. */
export async function prove({ host, round, running, linked }: Setup): Promise<string> {
  running.version = linked();
  await round();
  host.clock.jump(20_000);
  return round();
}

/** Ends by itself three times in a row. */
export async function crash({ round, situation }: Setup): Promise<string> {
  await round();
  const { kubeletExits } = situation.observation;
  situation.observation = { ...situation.observation, isReady: false, kubeletExits: kubeletExits + 3 };
  const said = await round();
  situation.observation = { ...situation.observation, isReady: true };
  return said;
}
