"""Where values come from: Python scripts, each with its schedule, its runs and its documents."""
