"""What a user types to say where something is, how it is reached, and why that fails."""
