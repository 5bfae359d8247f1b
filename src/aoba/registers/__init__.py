"""What clients read and scripts write: pure memory, no I/O, no clock, no logging."""
