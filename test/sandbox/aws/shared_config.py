"""Reads AWS's shared files as AWS CLI does, with botocore: one JSON text a line, one answer a line."""

import json
import sys
import tempfile

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigParseError


def read(text):
    with tempfile.NamedTemporaryFile(suffix=".ini") as file:
        file.write(text.encode())
        file.flush()
        try:
            return {"sections": raw_config_parse(file.name), "profiles": load_config(file.name)["profiles"]}
        except ConfigParseError as error:
            return {"error": str(error).replace(file.name, "FILE")}


for line in sys.stdin:
    print(json.dumps(read(json.loads(line))))
