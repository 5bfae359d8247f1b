"""The benchmark of floods: it measures, and names what is too much."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "log_floods.py"


@pytest.mark.parametrize("flood", ["bad lengths", "noise on a serial line"])
def test_a_flood_is_measured(flood: str) -> None:
    argv = [sys.executable, BENCH, flood, "--burst", "0", "--seconds", "0.5"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    assert re.search(rf"^{flood}.* (\d+) B/s", done.stdout, re.MULTILINE)[1] != "0"
    assert "promised are 100" in done.stdout
