"""Brokers: where they are, how the way to one is kept open, and what to say when it is not."""
