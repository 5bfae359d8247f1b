"""The log: where it goes, what may stand in it, and how much of what repeats."""
