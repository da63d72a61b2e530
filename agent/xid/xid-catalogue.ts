// The Xids that are a fault of the GPU, with what each means and asks for. Every other Xid is the application's.
// https://docs.nvidia.com/deploy/xid-errors/ ("reset the GPU"; 48, 74 and 144 to 150 ask for an inspection that begins with a reset).

interface XidEntry {
  readonly meaning: string;
  readonly action: "reset-the-gpu" | "reboot";
}

/** By number. */
export const GPU_XIDS: Readonly<Record<number, XidEntry>> = {
  46: { meaning: "the GPU stopped processing", action: "reset-the-gpu" },
  48: { meaning: "an ECC error of two bits, which cannot be corrected", action: "reset-the-gpu" },
  62: { meaning: "the GPU's internal microcontroller halted", action: "reset-the-gpu" },
  64: { meaning: "a faulty memory row could not be replaced", action: "reset-the-gpu" },
  74: { meaning: "NVLink failed", action: "reset-the-gpu" },
  79: { meaning: "the GPU fell off the PCI bus", action: "reboot" },
  95: { meaning: "an ECC error that could not be contained", action: "reset-the-gpu" },
  109: { meaning: "the switch to another context timed out", action: "reset-the-gpu" },
  110: { meaning: "a security fault", action: "reset-the-gpu" },
  119: { meaning: "the GPU's system processor (GSP) did not answer in time", action: "reset-the-gpu" },
  120: { meaning: "the GPU's system processor (GSP) failed", action: "reset-the-gpu" },
  136: { meaning: "the training of an NVLink failed", action: "reset-the-gpu" },
  140: { meaning: "an ECC error without recovery", action: "reset-the-gpu" },
  143: { meaning: "the GPU could not be initialized", action: "reset-the-gpu" },
  144: { meaning: "NVLink: error in unit SAW", action: "reset-the-gpu" },
  145: { meaning: "NVLink: error in unit RLW", action: "reset-the-gpu" },
  146: { meaning: "NVLink: error in unit TLW", action: "reset-the-gpu" },
  147: { meaning: "NVLink: error in unit TREX", action: "reset-the-gpu" },
  148: { meaning: "NVLink: error in unit NVLPW_CTRL", action: "reset-the-gpu" },
  149: { meaning: "NVLink: error in unit NETIR", action: "reset-the-gpu" },
  150: { meaning: "NVLink: error in unit MSE", action: "reset-the-gpu" },
  151: { meaning: "the rotation of keys failed; the virtual machine must be restarted", action: "reboot" },
  155: {
    meaning: "NVLink: error that software defines, such as a link that went down while in use",
    action: "reset-the-gpu",
  },
  156: { meaning: "a part of the GPU was retired", action: "reset-the-gpu" },
  158: { meaning: "a timeout that is fatal to the GPU", action: "reset-the-gpu" },
};
