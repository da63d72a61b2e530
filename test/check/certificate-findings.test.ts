// What check finds wrong with kubelet's serving certificate.
import { clusterCa, localhost, otherCa } from "../fakes/certificates.ts";
import { testFindings } from "../fakes/findings.ts";

testFindings([
  [
    "serving-certificate",
    "no certificate",
    ({ host }) => host.files.drop("/var/lib/kubelet/pki/kubelet-server-current.pem"),
    "fail",
    /certificate approve/,
  ],
  [
    "serving-certificate",
    "a certificate of the second of two CAs, while the cluster's is being replaced",
    ({ aws }) => {
      aws.cluster = { ...aws.cluster, certificateAuthorityData: Buffer.from(otherCa + clusterCa).toString("base64") };
    },
    "ok",
    /^signed, until/,
  ],
  [
    "serving-certificate",
    "a certificate of another CA",
    ({ aws }) => {
      aws.cluster = { ...aws.cluster, certificateAuthorityData: Buffer.from(otherCa).toString("base64") };
    },
    "fail",
    /another CA/,
  ],
  [
    "serving-certificate",
    "a certificate for an address that the node has not",
    ({ host, aws }) => {
      host.files.put("/var/lib/kubelet/pki/kubelet-server-current.pem", localhost.cert);
      const authority = Buffer.from(localhost.cert).toString("base64");
      aws.cluster = { ...aws.cluster, certificateAuthorityData: authority };
    },
    "fail",
    /it is for 127\.0\.0\.1, and not for the node's address .*certificate approve/,
  ],
]);
