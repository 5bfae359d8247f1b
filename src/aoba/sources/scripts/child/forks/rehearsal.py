"""What the fork server rehearses: what nearly every script does, but for its output.

Python 2.7, and 3 from 3.5 on, like `fork_server`.
"""

import json
import os
import sys
import time


def main():
    values = [int(os.environ.get("AOBA_RUN", "0")), round(time.time() % 7, 2)] + list(range(3))
    cells = [{"address_start": 0, "initial_values": values}]
    document = {"stations": [{"id": 1, "map": {"holding": cells}}], "a": None, "b": True}
    for text in (json.dumps(document), json.dumps(document, sort_keys=True, indent=2)):
        sys.stdout.write(text[:0])
    sys.stdout.flush()


main()
