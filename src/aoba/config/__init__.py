"""What an Aoba is to do, whoever says it: a command line, a file, a program."""
