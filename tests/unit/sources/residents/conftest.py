"""The modules of the resident interpreter import each other from beside them."""

import sys
from pathlib import Path

from aoba.sources.residents import resident

sys.path.append(str(Path(resident.__file__).parent))
