"""Built-in encoders, one file a model family; files that begin with an underscore are shared."""
