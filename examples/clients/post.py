"""Posts the load of this machine to Aoba, once a second: a program that Aoba does not run.

    aoba serve http://127.0.0.1:8080/machine
    python3 examples/clients/post.py http://127.0.0.1:8080/machine

Where the source has a token, this finds it in the environment, in AOBA_TOKEN.

    input  0  load of the last minute, a float32 in two registers
           2  seconds since this program was started
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

if len(sys.argv) != 2 or "://" not in sys.argv[1]:
    sys.exit("usage: post.py http://127.0.0.1:8080/machine")
url = sys.argv[1]
headers = {"Content-Type": "application/json"}
if token := os.environ.get("AOBA_TOKEN"):
    headers["Authorization"] = f"Bearer {token}"

started = time.monotonic()
while True:
    load = {
        "address_start": 0,
        "data_type": "float32",
        "name": "load",
        "initial_values": [round(os.getloadavg()[0], 2)],
    }
    seconds = {
        "address_start": 2,
        "name": "running",
        "unit": "s",
        "initial_values": [int(time.monotonic() - started) % 65536],
    }
    station = {"id": 1, "mode": "master", "map": {"input": [load, seconds]}}
    body = json.dumps({"stations": [station]}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=5) as reply:
            print(json.load(reply)["applied"], flush=True)
    except urllib.error.HTTPError as error:
        print(f"refused: {json.load(error)['error']}", file=sys.stderr)
    except OSError as error:  # it is not there now, and may be back in a second
        print(f"not sent: {error}", file=sys.stderr)
    time.sleep(1)
