"""Runs in an interpreter that stays."""
