import sys

if not sys.flags.safe_path:
    del sys.path[0]  # where Aoba was started: modules of the user's are none of ours, and may hang

from aoba.cli.main import main

main()
