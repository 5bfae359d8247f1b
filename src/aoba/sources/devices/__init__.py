"""A device as a source: polled, and written to for clients."""
