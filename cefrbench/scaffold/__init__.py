"""What `cefrbench new` writes: a plugin that works at once, with its test, card and sample."""
