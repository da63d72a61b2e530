// A container that is not Kubernetes' own.
import { webImage } from "../sandbox/images.ts";

/** In the manner of Docker: a container in a namespace of its own, which its own engine starts again after a reboot. */
export const OTHER_UNIT = `[Unit]
After=containerd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=-/usr/bin/ctr --namespace=moby containers rm other
ExecStart=/usr/bin/ctr --namespace=moby run --detach ${webImage} other
[Install]
WantedBy=multi-user.target
`;
