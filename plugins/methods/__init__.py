"""Built-in methods against corpus bias, one file each; an underscore begins shared parts."""
