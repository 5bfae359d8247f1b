"""What a source emits: the schema of a document, its decoding, and the stream it comes in."""
