"""The public parameters by which Canonical and Debian say their newest images; moto has Amazon Linux's alone."""

from datetime import datetime, timezone

from moto.ssm.models import Parameter

from replies import Refusal

# https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ and https://wiki.debian.org/Cloud/AmazonEC2Image
IMAGES = {
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id": "ami-0a1b2c3d4e5f60024",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id": "ami-0a1b2c3d4e5f61024",
    "/aws/service/debian/release/12/latest/amd64": "ami-0a1b2c3d4e5f60012",
    "/aws/service/debian/release/12/latest/arm64": "ami-0a1b2c3d4e5f61012",
}


def publish_images(ssm):
    """Adds the parameters."""
    for name, image in IMAGES.items():
        parameter = Parameter(
            account_id=ssm.account_id,
            name=name,
            value=image,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=datetime.now(timezone.utc),
            version=1,
            data_type="aws:ec2:image",
        )
        ssm._parameters[name] = [parameter]


def resolve_image(ssm, image):
    """The id behind `resolve:ssm:NAME`, which RunInstances takes; moto takes any text for an id."""
    if not image.startswith("resolve:ssm:"):
        return image
    name = image.removeprefix("resolve:ssm:")
    if name not in ssm._parameters:
        raise Refusal("invalid-parameter-value", f"Invalid value '{image}' for ImageId: parameter {name} not found", 400)
    return ssm.get_parameter(name).value
