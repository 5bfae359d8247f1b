"""A port as a source, at which others leave documents."""
