"""Hosting scripts: their runs, whichever way they are started."""
