"""Requests as types, a file for each kind: what their bytes mean, and how they are carried out."""
