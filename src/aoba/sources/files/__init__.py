"""Files and FIFOs as sources."""
