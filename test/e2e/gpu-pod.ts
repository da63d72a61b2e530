// A pod that asks for one GPU.
import { webImage } from "../sandbox/images.ts";

/** Its manifest, under runtime class nvidia; it prints what it was given. */
export const renderGpuPod = (name: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      runtimeClassName: "nvidia",
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "main",
          image: webImage,
          imagePullPolicy: "Never",
          command: ["/bin/sh", "-c", 'ls -l /dev/nvidia0; echo "got $NVIDIA_VISIBLE_DEVICES"; sleep 1000000 & wait'],
          resources: { limits: { "nvidia.com/gpu": "1" } },
        },
      ],
    },
  });
