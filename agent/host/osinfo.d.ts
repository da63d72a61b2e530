// The one part of systeminformation that is loaded: the whole of it holds every sensor of every platform.
declare module "systeminformation/lib/osinfo.js" {
  export { osInfo } from "systeminformation";
}
