"""The command line: arguments and printing, nothing else. One file a command."""

INTERRUPTED = 130
"""What a shell expects of a program ended by SIGINT."""
