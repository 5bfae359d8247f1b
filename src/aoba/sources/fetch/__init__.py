"""Documents that a web server is asked for."""
