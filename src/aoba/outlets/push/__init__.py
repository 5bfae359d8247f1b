"""The values of documents, written to devices: Aoba as the master of a bus."""
