"""Where values go: to clients that ask, to devices, to brokers."""
