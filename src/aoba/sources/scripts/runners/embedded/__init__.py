"""Runs in an interpreter that is kept for one script."""
