"""The filter of DescribeNetworkInterfaces that moto lacks and the cloud controller asks with."""

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

_FILTER = "attachment.status"


def know_attachment_status():
    """Teaches moto the filter; doing it twice does no harm."""
    known = NetworkInterface.get_filter_value
    if getattr(known, "knows_attachment_status", False):
        return

    def get_filter_value(self, filter_name, method_name=None):
        if filter_name != _FILTER:
            return known(self, filter_name, method_name)
        # moto attaches at once; an interface without an attachment has no such field, and so matches no value.
        return "attached" if self.attachment_id else None

    get_filter_value.knows_attachment_status = True
    NetworkInterface.get_filter_value = get_filter_value
