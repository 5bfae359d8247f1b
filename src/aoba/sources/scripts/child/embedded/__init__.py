"""Parts of `resident`, imported from the folder they are in: modules that no script can see."""
