"""Processes that runs leave behind, wherever they have moved to: see `orphans.reaper`."""
