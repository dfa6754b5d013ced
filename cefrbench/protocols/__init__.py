"""The built-in protocols, registered through the same hook as anybody's."""
