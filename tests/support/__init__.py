"""What the integration and interop tests share: a server process, a raw client, scripts."""
