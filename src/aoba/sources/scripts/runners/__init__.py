"""Scripts under way, each way of it: what Aoba does for one run after the other."""
