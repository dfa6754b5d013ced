"""A corpus, an encoder and a probe for cefrbench."""
