"""A topic as a source."""
