"""Parts of `fork_server`, which it executes as they are: modules that no script can see."""
