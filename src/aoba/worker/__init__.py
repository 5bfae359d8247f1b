"""A process beside Aoba's own for what may never return: see `worker.calls`."""
