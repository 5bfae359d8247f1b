"""Runs that are forks of an interpreter that is kept."""
