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

/** ARNs of these are in the policy's text, which IAM limits to 10,240 characters. */
const MAX_TABLES = 100;

/**
 * It reads what it has to look after: EC2's Describe actions know no resources. One of two gateways may also replace routes, in the tables
 * that serve a subnet of the VPC; it can create and delete none.
 * @param tableArns of these; none for a gateway alone
 */
export function gatewayPolicy(clusterArn: string, tableArns: readonly string[] = []): Policy {
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
      ...(tableArns.length === 0 ? [] : [routeStatement(tableArns)]),
    ],
  };
}

/** That one of two gateways may replace routes of these tables. */
export function routeStatement(tableArns: readonly string[]): Policy {
  const every = tableArns.map((arn) => arn.replace(/[^/]*$/, "*")).slice(0, 1);
  const Resource = tableArns.length > MAX_TABLES ? every : tableArns.toSorted();
  return { Effect: "Allow", Action: "ec2:ReplaceRoute", Resource };
}
