// What a gateway's role may do, and that an EC2 instance may assume it: pure documents for IAM, for the docs, and for Terraform.

type Policy = Readonly<Record<string, unknown>>;

/** Only instances that were launched with the profile get the role's keys. */
export function gatewayTrustPolicy(partition: string): Policy {
  const service = partition === "aws-cn" ? "ec2.amazonaws.com.cn" : "ec2.amazonaws.com";
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  };
}

/** It reads what it has to look after, and changes nothing: EC2's Describe actions know no resources. */
export function gatewayPolicy(clusterArn: string): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "eks:DescribeCluster", Resource: clusterArn },
      {
        Effect: "Allow",
        Action: [
          "ec2:DescribeAddresses",
          "ec2:DescribeInstances",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeRouteTables",
          "ec2:DescribeSecurityGroupRules",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcs",
        ],
        Resource: "*",
      },
    ],
  };
}
